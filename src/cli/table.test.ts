import { expect, test } from "vitest";
import { tableText } from "./table.ts";

const columns = [{ name: "run" }, { name: "accuracy", right: true }, { name: "recipe" }];
const rows = [
  ["first", "9.1 %", "adapt"],
  ["the-second", "72.0 %", ""],
];

test("columns are aligned, numbers at their end", () => {
  expect(tableText(columns, rows, 60)).toBe(
    "run         accuracy  recipe\nfirst          9.1 %  adapt\nthe-second    72.0 %",
  );
});

test("a table that is too wide becomes records of whole cells", () => {
  expect(tableText(columns, rows, 20)).toBe(
    "first\n  accuracy 9.1 %\n  recipe adapt\nthe-second\n  accuracy 72.0 %",
  );
  expect(tableText(columns, rows, 27).split("\n")[1]).toBe("  accuracy 9.1 %");
  expect(tableText([...columns, { name: "data" }], [["a", "1 %", "b", "photos"]], 26)).toBe(
    "a\n  accuracy 1 %  recipe b\n  data photos",
  );
});

test("without a width it stays a table", () => {
  expect(tableText(columns, rows, undefined).split("\n")).toHaveLength(3);
});
