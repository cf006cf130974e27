/**
 * Translates other files' tensor names to ours: removes wrappers' prefixes, translates another library's names,
 * and gives a head in place of the original classifier the names of our heads. Also translates back.
 */

import { followsAnother } from "../formats/state-dicts.ts";
import type { Origin } from "../models/backbone.ts";
import type { Architecture } from "../models/classifier.ts";
import { heads, type TorchModule } from "../nn/heads.ts";
import type { StateDict } from "../util/tensor.ts";
import { foreignNaming, foreignPrefixes } from "./namings.ts";

/** Prefixes that DataParallel, Lightning and wrapping modules add to every name. */
const prefixes = ["module.", "backbone.", "model.", "net.", "network.", "encoder.", "ema."];

/** Name parts that torch.compile, FSDP, DeepSpeed, Opacus and activation checkpointing insert anywhere. */
const wrappers = /(^|\.)_(orig_mod|(fsdp|checkpoint)_wrapped_module|fpw_module|forward_module|module)(?=\.)/g;

/** The tensors of one network in a file. */
export interface Unwrapped {
  /** Without their prefix. */
  readonly tensors: StateDict;
  readonly prefix: string;
  /** The names of the other tensors. */
  readonly passedOver: readonly string[];
}

/**
 * Returns the tensors under the prefix of most of the backbone's tensors, whatever the prefix is: `module.` or `model.`, for example,
 * next to the `criterion.weight` of a loss. If several prefixes have equally many, it takes the first that names neither an average
 * nor a teacher. It returns all tensors if no prefix has more than half of the `expected` names, those of the backbone's tensors.
 */
export function unwrapped(
  file: StateDict,
  { backbone }: Architecture,
  expected: readonly string[],
): Unwrapped {
  const found = withoutWrappers(file);
  const names = new Set(expected);
  const counts = new Map<string, number>([["", 0]]);
  for (const name of found.keys())
    for (let at = 0; at >= 0; at = name.indexOf(".", at) + 1 || -1) {
      if (names.has(name.slice(at))) counts.set(name.slice(0, at), (counts.get(name.slice(0, at)) ?? 0) + 1);
    }
  const most = Math.max(...counts.values());
  const best = [...counts].flatMap(([prefix, count]) => (count === most ? [prefix] : []));
  const foreign = foreignPrefixes(found.keys(), backbone.origin);
  const candidates = 2 * most > names.size ? best : foreign;
  const prefix = candidates.find((one) => !followsAnother(one)) ?? candidates[0] ?? "";
  if (prefix === "") return { tensors: found, prefix, passedOver: [] };
  const own = [...found].filter(([name]) => name.startsWith(prefix));
  return {
    tensors: new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
    prefix,
    passedOver: [...found.keys()].filter((name) => !name.startsWith(prefix)),
  };
}

/** Removes wrappers' parts from tensor names, unless two tensors would then have the same name. */
function withoutWrappers(found: StateDict): StateDict {
  const bare = new Map(
    [...found].map(([name, tensor]) => [name.replace(wrappers, "").replace(/^\./, ""), tensor]),
  );
  return bare.size === found.size ? bare : found;
}

/** Returns `found` under canonical names, as far as they are known. */
export function canonicalNames(found: StateDict, architecture: Architecture): StateDict {
  const bare = withoutPrefix(found);
  const translated = foreignNaming(bare, architecture.backbone.origin)?.translate(bare) ?? bare;
  return renamed(translated, new Map(layerNames(architecture).map(([ours, theirs]) => [theirs, ours])));
}

/** The library whose names a file has, if they were translated. */
export function namedBy(found: StateDict, { backbone }: Architecture): string | undefined {
  return foreignNaming(withoutPrefix(found), backbone.origin)?.of;
}

/** Returns whether a tensor belongs to the classifier of a file, whether ours or the library model's. */
export function isOfClassifier(name: string, { backbone }: Architecture): boolean {
  return name.startsWith("head.") || name.startsWith(`${backbone.origin?.classifier ?? "head"}.`);
}

/** Weights under the names of the library's model of this backbone, with this head in place of its classifier. */
export function libraryNames(weights: StateDict, architecture: Architecture): StateDict {
  return renamed(weights, new Map(layerNames(architecture)));
}

/** The lines of Python that load `file` into the model of torchvision or timm; undefined if neither has one with the same modules. */
export function librarySnippet(architecture: Architecture, file: string): string | undefined {
  const { backbone, inputSize } = architecture;
  const { origin, preprocessing } = backbone;
  if (!origin || backbone.attention) return undefined;
  const { library, sizeArgument } = origin;
  const sized = sizeArgument && inputSize !== preprocessing.size ? [`${sizeArgument}=${inputSize}`] : [];
  const layers = headModules(architecture).map(({ python }) => python);
  const [reader, load] = file.endsWith(".pth")
    ? ["torch", `torch.load("${file}")`]
    : ["safetensors.torch", `safetensors.torch.load_file("${file}")`];
  return [
    `import ${reader}, ${library}`,
    "from torch import nn",
    `model = ${libraryCall(origin, sized)}`,
    `model.${origin.classifier.replace(/\.(\d+)/g, "[$1]")} = ${layers.length === 1 ? layers[0] : `nn.Sequential(${layers.join(", ")})`}`,
    `model.load_state_dict(${load}, strict=True)`,
    "model.eval()",
  ].join("\n");
}

/** The Python expression that makes the library's model. */
function libraryCall({ library, name, arguments: further }: Origin, sized: readonly string[]): string {
  const given = [...(further ? [further] : []), ...sized];
  if (library === "torchvision") return `torchvision.models.${name}(${given.join(", ")})`;
  return `timm.create_model(${[`"${name}"`, "num_classes=0", ...given].join(", ")})`;
}

/** Returns the modules that replace the library's classifier, in order. */
function headModules({ backbone, head, classes, dropout }: Architecture): readonly TorchModule[] {
  const { features, origin } = backbone;
  const pool = [{ python: "nn.AdaptiveAvgPool2d(1)" }, { python: "nn.Flatten()" }];
  const layers = heads[head].torch(features, { classes: classes.length, dropout });
  return [...(origin?.poolsInside ? pool : []), ...layers];
}

/** Returns every layer of the head that has weights: our name and the library's. */
function layerNames(architecture: Architecture): (readonly [string, string])[] {
  const { origin } = architecture.backbone;
  if (!origin) return [];
  const modules = headModules(architecture);
  // A single module has the classifier's name; in a Sequential each is named by its position.
  const theirs = (i: number): string =>
    modules.length === 1 ? origin.classifier : `${origin.classifier}.${i}`;
  return modules.flatMap(({ layer }, i) => (layer ? [[layer, theirs(i)] as const] : []));
}

/** Renames the tensors of layers. */
function renamed(tensors: StateDict, layers: ReadonlyMap<string, string>): StateDict {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const dot = name.lastIndexOf(".");
      const layer = layers.get(name.slice(0, dot));
      return [layer ? layer + name.slice(dot) : name, tensor];
    }),
  );
}

/** Removes, one after the other, the prefixes that all names share. */
function withoutPrefix(found: StateDict): StateDict {
  const names = [...found.keys()];
  const shared = prefixes.find(
    (prefix) => names.length > 0 && names.every((name) => name.startsWith(prefix)),
  );
  if (!shared) return found;
  return withoutPrefix(new Map([...found].map(([name, tensor]) => [name.slice(shared.length), tensor])));
}
