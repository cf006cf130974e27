import { beforeEach, expect, test } from "vitest";
import { capture, printed, printedJson } from "../../../test/support/printed.ts";
import { backbones } from "../../models/registry.ts";
import { run } from "../main.ts";

beforeEach(capture);

const names = backbones.map(({ name }) => name);

test("every backbone, one a line, with its size and stages", async () => {
  expect(await run(["models"])).toBe(0);
  const lines = printed.out.trimEnd().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(names);
  // torchvision's 25,557,032 without the 2,049,000 of the last layer.
  const resnet50 = lines[names.indexOf("resnet50")];
  expect(resnet50).toMatch(/^resnet50 +23\.5 M parameters, 4\.09 GMAC at 224 px +imagenet +conv1 .* layer4$/);
});

test("as JSON", async () => {
  const rows = await printedJson<{ name: string; parameters: number; features: number }[]>("models");
  expect(rows.map(({ name }) => name)).toEqual(names);
  expect(rows[names.indexOf("resnet50")]).toMatchObject({ parameters: 23_508_032, features: 2048 });
});
