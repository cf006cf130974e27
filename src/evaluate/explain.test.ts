/** Compares Grad-CAM and Grad-CAM++ with PyTorch's autograd on the same weights, and checks the properties of a map. */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { type FormulaKind, formulaPicture, formulaTensor, kindOf } from "../../test/reference/formula.ts";
import type { Picture } from "../data/dataset.ts";
import { describe as describeModel } from "../models/classifier.ts";
import { backboneNamed, backbones } from "../models/registry.ts";
import type { HeadName } from "../nn/heads.ts";
import { compileExplain, explainMethods } from "../program/explain.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import type { StateDict } from "../util/tensor.ts";
import type { Classifier } from "../weights/load.node.ts";
import { enlarged } from "./enlarge.ts";
import { type Explanation, explainPictures } from "./explain.ts";
import { validationFeeds } from "./score.ts";

interface Reference {
  model: string;
  head: HeadName;
  size: number;
  logits: number[][];
  maps: Record<string, number[][][][]>;
  enlarged: Record<string, number[][][]>;
}

const file = new URL("../../test/reference/grad-cam.json", import.meta.url);
const references = JSON.parse(readFileSync(file, "utf8")) as Reference[];
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
afterAll(() => engine.close());

/** As in grad_cam.py: scales near 1 and shifts near 0. */
function weightsOf(specs: ReturnType<typeof describeModel>["specs"]): StateDict {
  const kinds: Partial<Record<FormulaKind, FormulaKind>> = { smallScale: "scale", shift: "bias" };
  return new Map(
    specs.map(({ name, shape }) => {
      const kind = kindOf(name, shape);
      return [name, formulaTensor(name, shape, kinds[kind] ?? kind)];
    }),
  );
}

function classifierOf(model: string, head: Reference["head"], size: number, classes = 4): Classifier {
  const architecture = {
    backbone: backboneNamed(model),
    head,
    classes: Array.from({ length: classes }, (_, k) => `class ${k}`),
    dropout: 0.4,
    inputSize: size,
    resize: 1,
  };
  const { specs } = describeModel(architecture);
  return { architecture, weights: weightsOf(specs), metadata: {}, path: model };
}

function picture(name: string, size: number): Picture {
  const planes = formulaPicture(name, size, size).data;
  const pixels = new Uint8Array(planes.length);
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = Math.round(255 * (planes[(i % 3) * size * size + Math.floor(i / 3)] as number));
  return { pixels, width: size, height: size, channels: 3 };
}

const cacheOf = (pictures: readonly Picture[]) => {
  const get = (index: number): Picture => pictures[index] as Picture;
  return { shape: get, get };
};

/** Returns the maximum difference, as a share of the maximum expected value. */
function distance(found: ArrayLike<number>, expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  const greatest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - (found[i] as number)))) / greatest;
}

describe.each(references)("$model", ({ model, head, size, logits, maps, enlarged: large }) => {
  const classifier = classifierOf(model, head, size);
  const pixels = cacheOf([0, 1].map((n) => picture(`explained.${n}`, size)));

  test.each(explainMethods)("%s equals PyTorch's", async (method) => {
    const { architecture, weights } = classifier;
    const canvas = { width: size, height: size, channels: 3 } as const;
    const program = compileExplain({ architecture, weights, canvas, batch: 2, method, temperature: 1 });
    const open = await engine.open(program);
    const outputs = await open.run(validationFeeds(pixels, [0, 1], canvas, architecture));
    await open.release();
    const expected = (maps[method] as number[][][][]).flat(3);
    // A reference that is flat or zero would agree with anything.
    expect(new Set(expected).size).toBeGreaterThan(8);
    expect(distance(outputs.maps?.data as Float32Array, expected)).toBeLessThan(1e-4);

    const explained = await explainPictures(engine, classifier, pixels, [0, 1], { method });
    for (const [n, { map, target, predicted, probabilities }] of explained.entries()) {
      const row = logits[n] as number[];
      expect(target).toBe(row.indexOf(Math.max(...row)));
      expect(predicted).toBe(target);
      const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
      expect(
        distance(
          probabilities,
          row.map((value) => Math.exp(value) / total),
        ),
      ).toBeLessThan(1e-4);
      const step = size / 8;
      const sampled = Array.from(
        { length: 64 },
        (_, i) => map[(Math.floor(i / 8) * step + step / 2) * size + (i % 8) * step + step / 2] as number,
      );
      expect(distance(sampled, ((large[method] as number[][][])[n] as number[][]).flat())).toBeLessThan(1e-3);
    }
  });
});

test.each(backbones.map(({ name }) => [name]))("%s can be explained", async (name) => {
  const classifier = classifierOf(name, "reference", 64);
  const pixels = cacheOf([
    picture("a", 50),
    { pixels: new Uint8Array(1).fill(90), width: 1, height: 1, channels: 1 },
  ]);
  // Grad-CAM++ has no negative weights, so a map behind a layer norm, with values on both sides of 0, may be 0
  // everywhere.
  const method = /^(vit|convnext)/.test(name) ? "grad-cam" : "grad-cam++";
  for (const { map, seen, size } of await explainPictures(engine, classifier, pixels, [1, 0], { method })) {
    expect(size).toBe(64);
    expect(map.length).toBe(64 * 64);
    expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...map)).toBeCloseTo(1, 6);
    expect(seen).toMatchObject({ width: 64, height: 64 });
  }
});

test("any class can be asked for, one for all or one per image, in any batch", async () => {
  const classifier = classifierOf("vultus_s", "linear", 32);
  const pictures = Array.from({ length: 19 }, (_, n) => picture(`p${n}`, 20 + n));
  const pixels = cacheOf(pictures);
  const indices = pictures.map((_, n) => n);
  const all = await explainPictures(engine, classifier, pixels, indices, { method: "grad-cam++", target: 2 });
  expect(all.map(({ target }) => target)).toEqual(indices.map(() => 2));
  const each = await explainPictures(engine, classifier, pixels, [18, 3], {
    method: "grad-cam++",
    target: (index) => (index === 3 ? 2 : 0),
  });
  expect(each.map(({ target }) => target)).toEqual([0, 2]);
  expect(distance(each[1]?.map as Float32Array, [...(all[3] as Explanation).map])).toBeLessThan(1e-4);
  expect(await explainPictures(engine, classifier, pixels, [], { method: "grad-cam" })).toEqual([]);
});

test("what the network saw is the centre of the resized image", async () => {
  const { architecture, ...rest } = classifierOf("vultus_s", "linear", 32);
  const classifier = { ...rest, architecture: { ...architecture, resize: 2 } };
  const grey = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * 7) % 256);
  const cache = cacheOf([{ pixels: grey, width: 64, height: 64, channels: 1 }]);
  const [explained] = await explainPictures(engine, classifier, cache, [0], { method: "grad-cam" });
  const centre = Array.from(
    { length: 32 * 32 },
    (_, i) => grey[(16 + Math.floor(i / 32)) * 64 + 16 + (i % 32)],
  );
  expect([...(explained as Explanation).seen.pixels]).toEqual(centre);
});

test("a map whose cells share the image evenly is enlarged as PyTorch does it", () => {
  // F.interpolate(torch.tensor([[[[0., 1.], [2., 4.]]]]), size=(4, 4), mode="bilinear", align_corners=False)
  const even = { width: 2, grid: { start: 1, step: 2 }, seen: [0, 4] } as const;
  expect([...enlarged({ values: Float32Array.of(0, 1, 2, 4), ...even }, 4)]).toEqual([
    0, 0.25, 0.75, 1, 0.5, 0.8125, 1.4375, 1.75, 1.5, 1.9375, 2.8125, 3.25, 2, 2.5, 3.5, 4,
  ]);
});

test("a cell lies where it looks, and beyond the outermost ones nothing changes", () => {
  const values = Float32Array.of(0, 1, 0, 1);
  const map = enlarged({ values, width: 2, grid: { start: 0.5, step: 2 }, seen: [0, 5] }, 5);
  expect([...map.subarray(0, 5)]).toEqual([0, 0.5, 1, 1, 1]);
});
