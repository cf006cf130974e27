/** Explanations of an ensemble: their composition, and their scores on the ensemble's predictions. */

import { afterAll, expect, test } from "vitest";
import { classes, engine, memberOf, members, pictures } from "../../test/support/ensemble.ts";
import { memberAnswers, mixed } from "../export/ensemble.node.ts";
import type { Member, MembersFile } from "../weights/members.ts";
import { scoreMaps } from "./deletion-insertion.ts";
import { type CellMap, enlarged } from "./enlarge.ts";
import { type Explanation, explainPictures } from "./explain.ts";
import { inMemory } from "./run-bundle.ts";

afterAll(() => engine.close());

const indices = [...pictures.keys()];
const together = (of: readonly Member[]): MembersFile => ({
  architecture: { classes, inputSize: 48, resize: 1, network: undefined },
  metadata: {},
  path: "ensemble.onnx",
  members: of,
});
const explained = (model: Member | MembersFile, target?: number): Promise<Explanation[]> =>
  explainPictures(engine, model, inMemory(pictures), indices, {
    method: "grad-cam",
    ...(target === undefined ? {} : { target }),
  });
const toOne = (values: Float32Array): number[] => {
  const greatest = Math.max(...values);
  return Array.from(values, (value) => (greatest > 0 ? value / greatest : 0));
};

test("a map is the weighted mean of the members' maps of the class, wherever their classes stand", async () => {
  const a = memberOf("one", { inputSize: 96 }, { weight: 3 });
  const b = memberOf("another", { inputSize: 96, classes: ["happy", "sad", "angry"] }, { weight: 1 });
  const values = new Set<number>();
  for (const [target, name] of classes.entries()) {
    const found = await explained(together([a, b]), target);
    const ofA = await explained(a, target);
    const ofB = await explained(b, b.architecture.classes.indexOf(name));
    for (const [n, { map, target: explained }] of found.entries()) {
      expect(explained).toBe(target);
      const [first, second] = [ofA, ofB].map((all) => {
        const { coarse, size } = all[n] as Explanation;
        const [cells] = coarse as [CellMap];
        return enlarged({ ...cells, values: Float32Array.from(toOne(cells.values)) }, size);
      });
      const mean = (first as Float32Array).map((value, i) => 0.75 * value + 0.25 * (second?.[i] as number));
      for (const [i, value] of toOne(mean).entries()) {
        values.add(value);
        expect(map[i]).toBeCloseTo(value, 5);
      }
    }
  }
  // Flat maps would agree with any reference.
  expect(values.size).toBeGreaterThan(50);
});

test("an ensemble of one network twice is explained as that network", async () => {
  const [alone] = members as [Member];
  const twice = await explained(together([alone, { ...alone, weight: 0.1 }]));
  for (const [n, { map, predicted, seen, size }] of (await explained(alone)).entries()) {
    expect(twice[n]).toMatchObject({ predicted, size, seen });
    const distance = Math.max(...map.map((value, i) => Math.abs(value - (twice[n]?.map[i] as number))));
    expect(distance).toBeLessThan(1e-5);
  }
});

test("members of other sizes and margins: probabilities are the ensemble's, and what one of them sees is shown", async () => {
  const found = await explained(together(members));
  const answers = await memberAnswers(engine, members, classes, inMemory(pictures));
  const expected = mixed(
    answers,
    members.map(({ weight }) => weight),
  );
  for (const [n, { probabilities, predicted, map, seen, size }] of found.entries()) {
    for (const [k, p] of probabilities.entries())
      expect(p).toBeCloseTo(expected[n * classes.length + k] as number, 4);
    expect(predicted).toBe(probabilities.indexOf(Math.max(...probabilities)));
    expect(size).toBe(48);
    expect(seen).toMatchObject({ width: 48, height: 48, channels: 3 });
    expect(map).toHaveLength(48 * 48);
    expect(Math.max(...map)).toBeCloseTo(1, 5);
  }
});

test("a member that sees the centre only says nothing about the margin", () => {
  const values = Float32Array.of(1, 2, 3, 4);
  const centre = { values, width: 2, grid: { start: 1.5, step: 1 }, seen: [1, 3] } as const;
  expect([...enlarged(centre, 4)]).toEqual([0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0]);
});

test("each member's cells lie in the part of the image that it sees", async () => {
  const near = memberOf("near", { inputSize: 32, resize: 2 });
  const wide = memberOf("wide", { inputSize: 64, resize: 1 });
  const [found] = await explained(together([near, wide]));
  // The tighter member sees the middle half of the 64 px in its 32 px input, so its cells have a spacing of 16 there
  // too.
  expect(found?.coarse.map(({ grid, seen }) => ({ grid, seen }))).toEqual([
    { grid: { start: 16.5, step: 16 }, seen: [16, 48] },
    { grid: { start: 0.5, step: 16 }, seen: [0, 64] },
  ]);
});

test("deletion and insertion ask the whole ensemble", async () => {
  const of = together(members);
  const chosen = (await explained(of)).slice(0, 2);
  const scores = await scoreMaps(engine, of, chosen);
  expect(scores.pictures).toBe(2);
  // The area under a probability lies between its minimum and maximum; a flat curve would prove nothing.
  for (const { map, random: shuffled } of [scores.deletion, scores.insertion]) {
    expect(map).toBeGreaterThan(0);
    expect(map).toBeLessThan(1);
    expect(map).not.toBe(shuffled);
  }
  // A single network has different areas.
  const [alone] = members as [Member];
  const others = await scoreMaps(engine, together([alone]), chosen);
  expect(Math.abs(others.deletion.map - scores.deletion.map)).toBeGreaterThan(1e-3);
});
