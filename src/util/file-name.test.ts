import { expect, test } from "vitest";
import { shortName } from "./file-name.ts";

test("names are cut by bytes, between characters", () => {
  expect(shortName("a.jpg")).toBe("a.jpg");
  expect(shortName("a".repeat(300))).toBe("a".repeat(200));
  expect(shortName("顔".repeat(100))).toBe("顔".repeat(66));
  expect(shortName("😀😀", 7)).toBe("😀");
});
