/**
 * The names of networks of inverted residuals (MobileNet, EfficientNet) in three libraries. All three list the same layers in the
 * same order: a stem, blocks of two or three convolutions, perhaps with a gate, and a last convolution. They differ in the
 * names of layers, and in whether blocks are numbered throughout or per stage.
 *
 * `test/reference/names.py` verifies by computation that the names match.
 */

/** The units of a block, in order: a convolution with its norm, or a gate (squeeze and excite). */
type Unit =
  | { readonly conv: string; readonly norm: string }
  | { readonly reduce: string; readonly expand: string };

interface Block {
  /** The prefix of its layers' names, up to the last dot. */
  readonly prefix: string;
  /** Its stage, its place in the stage and its place in the network. */
  readonly at: readonly [stage: number, block: number, position: number];
  readonly units: readonly Unit[];
}

/** From a layer's name in a file to its name in the network. */
export type LayerNames = ReadonlyMap<string, string>;

/** timm's layers of a block, identified by which of them it has. */
function timmUnits(has: (layer: string) => boolean): Unit[] {
  const gate = has("se.conv_reduce") ? [{ reduce: "se.conv_reduce", expand: "se.conv_expand" }] : [];
  if (has("conv_pwl"))
    return [
      { conv: "conv_pw", norm: "bn1" },
      { conv: "conv_dw", norm: "bn2" },
      ...gate,
      { conv: "conv_pwl", norm: "bn3" },
    ];
  if (has("conv_dw")) return [{ conv: "conv_dw", norm: "bn1" }, ...gate, { conv: "conv_pw", norm: "bn2" }];
  return [{ conv: "conv", norm: "bn1" }];
}

/** The blocks in a file with timm's names, `blocks.<stage>.<block>.`, in order. */
function timmBlocks(names: Iterable<string>): Block[] {
  const layers = new Map<string, Set<string>>();
  for (const name of names) {
    const [, prefix, layer] = /^(blocks\.\d+\.\d+)\.(.+)\.\w+$/.exec(name) ?? [];
    if (prefix && layer) layers.set(prefix, (layers.get(prefix) ?? new Set()).add(layer));
  }
  const places = [...layers].map(([prefix, has]) => {
    const [, stage, block] = prefix.split(".").map(Number) as [number, number, number];
    return { prefix, stage, block, units: timmUnits((layer) => has.has(layer)) };
  });
  return places
    .toSorted((a, b) => a.stage - b.stage || a.block - b.block)
    .map(({ prefix, stage, block, units }, position) => ({ prefix, at: [stage, block, position], units }));
}

/** torchvision's names for what timm names by stages and blocks. */
export interface TorchvisionBlocks {
  /** The name of a block. */
  readonly block: (...at: Block["at"]) => string;
  /** The module inside a block that holds its layers. */
  readonly inside: string;
  /** Whether the last convolution of a block and its norm lie directly in that module, not in a submodule. */
  readonly flatEnd: boolean;
  /** The last convolution and its norm, by the number of stages and blocks; for MobileNetV3 also the layers after the pooling. */
  readonly end: (stages: number, blocks: number) => Readonly<Record<string, string>>;
}

/** Maps timm's layers to torchvision's. */
export function timmToTorchvision(
  names: Iterable<string>,
  { block, inside, flatEnd, end }: TorchvisionBlocks,
): LayerNames {
  const blocks = timmBlocks(names);
  const layers = new Map([
    ["conv_stem", "features.0.0"],
    ["bn1", "features.0.1"],
  ]);
  for (const { prefix, at, units } of blocks) {
    const name = block(...at);
    for (const [k, unit] of units.entries()) {
      // In torchvision a single convolution takes the place of the block.
      const place = units.length === 1 ? name : `${name}.${inside}.${k}`;
      if ("reduce" in unit) {
        layers
          .set(`${prefix}.${unit.reduce}`, `${place}.fc1`)
          .set(`${prefix}.${unit.expand}`, `${place}.fc2`);
      } else if (flatEnd && k === units.length - 1) {
        layers
          .set(`${prefix}.${unit.conv}`, place)
          .set(`${prefix}.${unit.norm}`, `${name}.${inside}.${k + 1}`);
      } else {
        layers.set(`${prefix}.${unit.conv}`, `${place}.0`).set(`${prefix}.${unit.norm}`, `${place}.1`);
      }
    }
  }
  const stages = (blocks.at(-1)?.at[0] ?? -1) + 1;
  for (const [theirs, ours] of Object.entries(end(stages, blocks.length))) layers.set(theirs, ours);
  return layers;
}

/** The number of blocks in each stage of EfficientNet-Lite, by their total number: Lite0, Lite1 and Lite2. */
const liteStages = [
  [1, 2, 2, 3, 3, 4, 1],
  [1, 3, 3, 4, 4, 5, 1],
];

/** Maps the layers of the Python package efficientnet_lite_pytorch to timm's. */
export function liteToTimm(names: Iterable<string>): LayerNames {
  const all = [...names];
  const numbers = all.flatMap((name) => /^_blocks\.(\d+)\./.exec(name)?.[1] ?? []).map(Number);
  const count = Math.max(-1, ...numbers) + 1;
  const stages = liteStages.find((blocks) => blocks.reduce((sum, n) => sum + n, 0) === count) ?? [];
  const layers = new Map([
    ["_conv_stem", "conv_stem"],
    ["_bn0", "bn1"],
    ["_conv_head", "conv_head"],
    ["_bn1", "bn2"],
    ["_fc", "classifier"],
  ]);
  let n = 0;
  for (const [stage, blocks] of stages.entries()) {
    for (let block = 0; block < blocks; block++, n++) {
      const expands = all.some((name) => name.startsWith(`_blocks.${n}._expand_conv.`));
      const theirs = [
        ...(expands ? [["_expand_conv", "_bn0"] as const] : []),
        ["_depthwise_conv", "_bn1"] as const,
        ["_project_conv", "_bn2"] as const,
      ];
      const ours = timmUnits((layer) => layer === (expands ? "conv_pwl" : "conv_dw"));
      for (const [k, unit] of ours.entries()) {
        if (!("conv" in unit)) continue;
        const [conv, norm] = theirs[k] as readonly [string, string];
        layers.set(`_blocks.${n}.${conv}`, `blocks.${stage}.${block}.${unit.conv}`);
        layers.set(`_blocks.${n}.${norm}`, `blocks.${stage}.${block}.${unit.norm}`);
      }
    }
  }
  return layers;
}
