import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type FormulaKind,
  formulaLabels,
  formulaPictures,
  formulaTensor,
  kindOf,
  tinyFloats,
} from "./formula.ts";

/** Written by `python3 formula.py formula.json`. */
const python = JSON.parse(readFileSync(new URL("formula.json", import.meta.url), "utf8")) as {
  kinds: [string, number[], string, FormulaKind][];
  tensors: [string, number[], FormulaKind, number[]][];
  pictures: [string, [number, number, number, number], number[]];
  labels: [string, number, number, number[]];
  tiny: [number, number][];
};

test("formula.ts makes the numbers of formula.py, bit for bit", () => {
  for (const [name, shape, model, kind] of python.kinds) expect(kindOf(name, shape, model), name).toBe(kind);
  for (const [name, shape, kind, values] of python.tensors) {
    expect([...formulaTensor(name, shape, kind).data.slice(0, 24)], name).toEqual(values);
  }
  const [name, shape, values] = python.pictures;
  expect([...formulaPictures(name, shape).data.slice(150, 170)]).toEqual(values);
  const [labels, count, classes, numbers] = python.labels;
  expect(formulaLabels(labels, count, classes)).toEqual(numbers);
  for (const [code, value] of python.tiny) {
    expect(tinyFloats(Buffer.from([code]).toString("base64"))[0], `code ${code}`).toBe(value);
  }
});
