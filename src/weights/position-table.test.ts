/** Position tables for other grids against PyTorch's (test/reference/positions.py). */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formulaTensor } from "../../test/reference/formula.ts";
import { gridSide, isPositionTable, resizedPositions } from "./position-table.ts";

interface Reference {
  readonly library: "torchvision" | "timm";
  readonly side: number;
  readonly values: readonly number[];
}

const file = new URL("../../test/reference/positions.json", import.meta.url);
const references = JSON.parse(readFileSync(file, "utf8")) as Reference[];
const table = formulaTensor("positions", [1, 26, 2], "uniform");

test.each(references.map((entry) => [entry.library, entry.side, entry.values] as const))(
  "as %s makes it for %i × %i patches",
  (library, side, values) => {
    const resized = resizedPositions(table, side, library);
    expect(resized.shape).toEqual([1, 1 + side * side, 2]);
    for (const [i, value] of values.entries()) expect(resized.data[i], `${i}`).toBeCloseTo(value, 5);
  },
);

test("tables are told from other tensors", () => {
  expect(["pos_embed", "encoder.pos_embedding"].every(isPositionTable)).toBe(true);
  expect(["encoder.pos_embedding.weight", "my_pos_embedded", "cls_token"].some(isPositionTable)).toBe(false);
  expect(
    [
      [1, 197, 8],
      [1, 198, 8],
      [2, 197, 8],
      [197, 8],
      [1, 1, 8],
    ].map(gridSide),
  ).toEqual([14, ...[undefined, undefined, undefined, undefined]]);
});
