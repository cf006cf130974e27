/** All code that lists heads takes them from one table. */

import { expect, describe as group, test } from "vitest";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import { describe } from "../models/classifier.ts";
import { resnet18 } from "../models/resnet.ts";
import { resolveRecipe } from "../train/override.ts";
import { canonicalNames, libraryNames, librarySnippet } from "../weights/canonical-names.ts";
import { describeArchitecture } from "../weights/classifier-file.ts";
import { resolveArchitecture } from "../weights/resolve-architecture.ts";
import { headNames, heads } from "./heads.ts";

test.each(["lineal", "toString", ""])("%o is no head in a recipe", (head) => {
  expect(() => resolveRecipe("finetune", [`head=${head}`])).toThrow(
    `must be one of ${headNames.join(", ")}.`,
  );
});

group.each(headNames)("%s", (head) => {
  const architecture = { ...smallArchitecture("a", "b", "c"), backbone: resnet18, head, dropout: 0.25 };
  const { specs } = describe(architecture);
  const own = specs.filter(({ name }) => name.startsWith("head."));

  test("is a recipe's, and a file's", () => {
    expect(resolveRecipe("finetune", [`head=${head}`]).head).toBe(head);
    expect(resolveArchitecture(describeArchitecture(architecture), "f").head).toBe(head);
  });

  test("its PyTorch modules have the layers of its graph, in their order", () => {
    const modules = heads[head].torch(resnet18.features, { classes: 3, dropout: 0.25 });
    const layers = modules.flatMap(({ layer }) => layer ?? []);
    expect(layers).toEqual([...new Set(own.map(({ name }) => name.slice(0, name.lastIndexOf("."))))]);
    const weightOf = (layer: string) => specs.find(({ name }) => name === `${layer}.weight`);
    for (const { layer, python } of modules) {
      const shape = layer && weightOf(layer)?.shape;
      if (shape) expect(python).toContain(`(${[...shape].reverse().join(", ")})`);
    }
    expect(librarySnippet(architecture, "model.pth")).toContain(modules.at(-1)?.python);
  });

  test("its tensors go to torchvision's names and back", () => {
    const named = new Map(
      own.map(({ name, shape }) => [
        name,
        { dtype: "float32" as const, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      ]),
    );
    const theirs = libraryNames(named, architecture);
    expect([...theirs.keys()].filter((name) => name.startsWith("head."))).toEqual([]);
    expect([...canonicalNames(theirs, architecture).keys()]).toEqual([...named.keys()]);
  });
});
