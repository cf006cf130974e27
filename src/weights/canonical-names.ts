/**
 * From the names that other people's files use to ours: wrappers' prefixes are taken off, another library's names are translated,
 * and a head that hangs where the library of origin has its classifier gets the names of our heads; and the way back.
 */

import type { Origin } from "../models/backbone.ts";
import type { Architecture } from "../models/classifier.ts";
import { heads, type TorchModule } from "../nn/heads.ts";
import type { StateDict } from "../util/tensor.ts";
import { foreignNaming } from "./namings.ts";

/** What DataParallel, Lightning and wrapping modules put before every name. */
const prefixes = ["module.", "backbone.", "model.", "net.", "encoder."];

/** `found` under canonical names, as far as they can be told. */
export function canonicalNames(found: StateDict, architecture: Architecture): StateDict {
  const bare = withoutPrefix(found);
  const translated = foreignNaming(bare, architecture.backbone.origin)?.translate(bare) ?? bare;
  return renamed(translated, new Map(layerNames(architecture).map(([ours, theirs]) => [theirs, ours])));
}

/** Whose names a file has, where they had to be translated. */
export function namedBy(found: StateDict, { backbone }: Architecture): string | undefined {
  return foreignNaming(withoutPrefix(found), backbone.origin)?.of;
}

/** Whether a tensor belongs to the classifier of a file, ours or that of the library's model. */
export function isOfClassifier(name: string, { backbone }: Architecture): boolean {
  return name.startsWith("head.") || name.startsWith(`${backbone.origin?.classifier ?? "head"}.`);
}

/** Weights under the names of the library's model of this backbone, with this head in place of its classifier. */
export function libraryNames(weights: StateDict, architecture: Architecture): StateDict {
  return renamed(weights, new Map(layerNames(architecture)));
}

/** The lines of Python that load `file` into the model of torchvision or timm; undefined where neither has one. */
export function librarySnippet(architecture: Architecture, file: string): string | undefined {
  const { backbone, inputSize } = architecture;
  const { origin, preprocessing } = backbone;
  if (!origin) return undefined;
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

/** The modules that stand in place of the library's classifier, in order. */
function headModules({ backbone, head, classes, dropout }: Architecture): readonly TorchModule[] {
  const { features, origin } = backbone;
  const pool = [{ python: "nn.AdaptiveAvgPool2d(1)" }, { python: "nn.Flatten()" }];
  const layers = heads[head].torch(features, { classes: classes.length, dropout });
  return [...(origin?.poolsInside ? pool : []), ...layers];
}

/** Every layer of the head that has weights: our name and the library's. */
function layerNames(architecture: Architecture): (readonly [string, string])[] {
  const { origin } = architecture.backbone;
  if (!origin) return [];
  const modules = headModules(architecture);
  // A module of its own has the classifier's name; in a Sequential each is called by its position.
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

/** Takes off, one after the other, the prefixes that all names share. */
function withoutPrefix(found: StateDict): StateDict {
  const names = [...found.keys()];
  const shared = prefixes.find(
    (prefix) => names.length > 0 && names.every((name) => name.startsWith(prefix)),
  );
  if (!shared) return found;
  return withoutPrefix(new Map([...found].map(([name, tensor]) => [name.slice(shared.length), tensor])));
}
