/** Deletion and insertion: areas computed by hand, the image of each step, and maps that are right by construction. */

import { afterAll, expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import { describe as describeModel, withNewWeights } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import type { Classifier } from "../weights/load.node.ts";
import { averageMaps } from "./average-maps.ts";
import { areaUnder, DELETION_STEPS, orderOf, scoreMaps, transition } from "./deletion-insertion.ts";
import { type Explanation, explainPictures } from "./explain.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
afterAll(() => engine.close());

test("areas are those of trapezia", () => {
  expect(areaUnder([1, 1, 1])).toBe(1);
  expect(areaUnder([1, 0])).toBe(0.5);
  expect(areaUnder([0, 1, 0, 1, 0])).toBeCloseTo(0.5, 12);
});

test("the most important pixels go first, all of them in the end", () => {
  const map = Float32Array.of(0.2, 0.9, 0.2, 0.5);
  expect(orderOf(map)).toEqual([1, 3, 0, 2]);
  const picture = (value: number): Picture => ({
    pixels: new Uint8Array(12).fill(value),
    width: 2,
    height: 2,
    channels: 3,
  });
  const steps = transition(picture(9), picture(1), orderOf(map));
  expect(steps.length).toBe(DELETION_STEPS + 1);
  expect([...(steps[0] as Picture).pixels]).toEqual(new Array(12).fill(9));
  expect([...(steps[DELETION_STEPS / 4] as Picture).pixels]).toEqual([9, 9, 9, 1, 1, 1, 9, 9, 9, 9, 9, 9]);
  expect([...(steps[DELETION_STEPS / 2] as Picture).pixels]).toEqual([9, 9, 9, 1, 1, 1, 9, 9, 9, 1, 1, 1]);
  expect([...(steps.at(-1) as Picture).pixels]).toEqual(new Array(12).fill(1));
});

/** A network with random weights, and images of a bright square at random positions on grey. */
async function squares() {
  const architecture = {
    backbone: backboneNamed("vultus_s"),
    head: "linear" as const,
    classes: ["a", "b", "c"],
    dropout: 0,
    inputSize: 64,
    resize: 1,
  };
  const weights = withNewWeights(describeModel(architecture).specs, new Map(), 1);
  const classifier: Classifier = { architecture, weights, metadata: {}, path: "random" };
  const pictures = Array.from({ length: 6 }, (_, n): Picture => {
    const pixels = new Uint8Array(64 * 64).fill(128);
    for (let y = 0; y < 16; y++) pixels.fill(255, (y + 8 * n) * 64 + 40, (y + 8 * n) * 64 + 56);
    return { pixels, width: 64, height: 64, channels: 1 };
  });
  const uniform = { ...(pictures[0] as Picture), pixels: new Uint8Array(64 * 64).fill(128) };
  const get = (i: number): Picture => pictures[i] ?? uniform;
  const cache = { shape: get, get };
  const options = { method: "grad-cam" } as const;
  const [without, ...found] = await explainPictures(
    engine,
    classifier,
    cache,
    [6, 0, 1, 2, 3, 4, 5],
    options,
  );
  // The class that the square supports.
  const target = (index: number): number => {
    const gains = (found[index] as Explanation).probabilities.map(
      (value, k) => value - ((without as Explanation).probabilities[k] as number),
    );
    return gains.indexOf(Math.max(...gains));
  };
  const explained = await explainPictures(engine, classifier, cache, [0, 1, 2, 3, 4, 5], {
    ...options,
    target,
  });
  return { classifier, explained };
}

const made = squares();

test("a map of what matters scores better than the same map shuffled, and its reverse worse", async () => {
  const { classifier, explained } = await made;
  const map = (n: number, turned: boolean): Explanation => {
    // Only the square differs from a uniform image, so only the square matters.
    const values = new Float32Array(64);
    for (const row of [n, n + 1]) for (const column of [5, 6]) values[row * 8 + column] = 1;
    const cells = turned ? values.map((v) => 1 - v) : values;
    const coarse = { values: cells, width: 8, grid: { start: 4, step: 8 }, seen: [0, 64] } as const;
    const large = Float32Array.from({ length: 64 * 64 }, (_, i) =>
      Number(cells[Math.floor(i / 512) * 8 + Math.floor((i % 64) / 8)]),
    );
    return { ...(explained[n] as Explanation), coarse: [coarse], map: large };
  };
  const good = await scoreMaps(
    engine,
    classifier,
    explained.map((_, n) => map(n, false)),
  );
  const bad = await scoreMaps(
    engine,
    classifier,
    explained.map((_, n) => map(n, true)),
  );
  expect(good.pictures).toBe(6);
  expect(good.deletion.map).toBeLessThan(good.deletion.random);
  expect(good.deletion.difference[1]).toBeLessThan(0);
  expect(good.insertion.map).toBeGreaterThan(good.insertion.random);
  expect(good.insertion.difference[0]).toBeGreaterThan(0);
  expect(bad.deletion.map).toBeGreaterThan(bad.deletion.random);
  expect(bad.insertion.map).toBeLessThan(bad.insertion.random);
  const two = explained.slice(0, 2);
  expect(await scoreMaps(engine, classifier, two)).toEqual(await scoreMaps(engine, classifier, two));
});

test("average maps are means of their own class", async () => {
  const { explained } = await made;
  const [first, second] = explained as [Explanation, Explanation];
  const averages = averageMaps(
    [
      { ...first, target: 2 },
      { ...second, target: 2 },
      { ...first, target: 0 },
    ],
    3,
  );
  expect(averages.map((average) => average?.count)).toEqual([1, undefined, 2]);
  expect(averages[0]?.seen.pixels).toEqual(first.seen.pixels);
  const mean = first.map.map((value, i) => (value + (second.map[i] as number)) / 2);
  const top = Math.max(...mean);
  for (const [i, value] of mean.entries()) expect(averages[2]?.map[i]).toBeCloseTo(value / top, 5);
});
