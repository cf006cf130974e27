import { statSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { capture, printed, printedJson } from "../../../test/support/printed.ts";
import type { ListedModel } from "../../jobs/list-models.ts";
import { backbones } from "../../models/registry.ts";
import { shippedModels } from "../../weights/shipped.node.ts";
import { run } from "../main.ts";

beforeEach(capture);

const names = backbones.map(({ name }) => name);

test("the models that ship, best first, and every backbone", async () => {
  expect(await run(["models"]), printed.err).toBe(0);
  expect(printed.out).toMatch(
    /^vultus_m {2,}85\.3 % \(84\.1 to 86\.4\) {2,}3,430 {2}4\.4 MB {2,}[\d,]+ faces\/s\nvultus_s {2,}83\.6 % \(82\.3 to 84\.8\) {2,}3,430 {2}1\.5 MB {2,}[\d,]+ faces\/s$/m,
  );
  expect(printed.out).toMatch(
    /on the validation images, .* Do not compare it with models trained on other data/s,
  );
  expect(printed.out).toMatch(/measured just now on \d+ threads? of /);
  const [, list = ""] = printed.out.split(/^backbone .*\n/m);
  expect(
    list
      .split("\n")
      .slice(0, names.length)
      .map((line) => line.split(" ")[0]),
  ).toEqual(names);
  // torchvision's 25,557,032 without the 2,049,000 of the last layer.
  expect(list).toMatch(/^resnet50 +23\.5 M +4\.09 +224 px +imagenet$/m);
  expect(list).toMatch(/^Parameters and GMAC .*: without the classifier\.$/m);
  expect(list).toMatch(/^resnet18, .*resnet50.*: conv1 .* layer4$/m);
  expect(list).toMatch(/^resnet50 +torchvision's IMAGENET1K_V1 +timm\/resnet50\.tv_in1k +BSD-3-Clause$/m);
  expect(list).toMatch(/^good for\n(\w+: .+\n)*vultus_s: .+$/m);
});

test("without the measurement", async () => {
  expect(await run(["models", "--no-speed"]), printed.err).toBe(0);
  expect(printed.out).not.toMatch(/faces\/s|measured now/);
});

test("as JSON", async () => {
  const rows = await printedJson<ListedModel[]>("models");
  expect(rows.map(({ name }) => name)).toEqual(names);
  expect(rows[names.indexOf("resnet50")]).toMatchObject({
    ...{ parameters: 23_508_032, features: 2048, weights: ["imagenet"] },
    published: { repo: "timm/resnet50.tv_in1k", licence: "BSD-3-Clause" },
  });
  expect(rows[names.indexOf("squeezenet1_1")]?.published).toBeUndefined();
  expect(rows.map(({ purpose }) => purpose)).toEqual(backbones.map(({ purpose }) => purpose));
  const shipped = rows.flatMap(({ name, shipped: own }) => (own ? [{ name, ...own }] : []));
  expect(shipped.map(({ name }) => name).sort()).toEqual(shippedModels());
  for (const { file, bytes, accuracy, interval, facesPerSecond } of shipped) {
    expect(bytes).toBe(statSync(file).size);
    expect(interval[0]).toBeLessThan(accuracy);
    expect(interval[1]).toBeGreaterThan(accuracy);
    expect(facesPerSecond).toBeGreaterThan(1);
  }
});

test("at 60 columns no line is longer", async () => {
  vi.stubEnv("COLUMNS", "60");
  expect(await run(["models"]), printed.err).toBe(0);
  vi.stubEnv("COLUMNS", undefined);
  expect(printed.out.split("\n").filter((line) => line.length > 60)).toEqual([]);
});
