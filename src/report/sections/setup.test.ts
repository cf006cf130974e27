/** The commands for the setup and the heat maps match the run and can be pasted. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { emptyRun } from "../../../test/support/empty-run.ts";
import { recipeSchema } from "../../train/recipe.ts";
import { recipes } from "../../train/recipes.ts";
import type { RunRecord } from "../run-record.ts";
import { heatMaps } from "./heat-maps.ts";
import { setup } from "./setup.ts";

const environment = {
  ...{ vultus: "1", node: "20", onnxruntime: "1", cpu: "a CPU", threads: 1, device: "cpu", memoryGB: 1 },
  ...{ fingerprint: "f", weights: "", started: "2026-01-02T03:04:05.678Z", teachers: [], teacherDigests: [] },
  data: [join(process.cwd(), "faces")],
  request: { classes: ["sad", "happy"], validation: 0.2 },
  rename: { joy: "happy" },
};
const run = { ...emptyRun, folder: "runs/a", environment };

test("how it was made ends with the command that trains it again", () => {
  const recipe = recipeSchema.parse(recipes.scratch?.({}));
  const html = setup({ ...run, environment: undefined, recipe })?.html;
  expect(html).toContain("npx vultus train images --recipe runs/a/recipe.json</code>");
  expect(setup({ ...run, recipe })?.html).toContain(
    "npx vultus train faces --recipe runs/a/recipe.json --classes sad,happy --rename joy=happy --validation 0.2</code>",
  );
});

test("where it looked shows the command that judges the maps", async () => {
  const explanation = {
    ...{ size: 2, target: 0, predicted: 0, coarse: [] },
    map: new Float32Array(4),
    seen: { pixels: new Uint8Array(12), width: 2, height: 2, channels: 3 as const },
    probabilities: Float32Array.of(1, 0),
  };
  const html = async (of: Pick<RunRecord, "folder" | "environment">): Promise<string | undefined> =>
    (await heatMaps([{ id: "a", truth: 0, explanation }], ["sad", "happy"], of))?.html;
  expect(await html(run)).toContain("<code>npx vultus explain --model runs/a --data faces</code>");
  expect(await html(emptyRun)).toContain(
    "npx vultus explain --model 'runs/nothing yet' --data images</code>",
  );
});
