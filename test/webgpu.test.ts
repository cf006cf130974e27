/** Training on WebGPU in Node, which keeps weights and moments on the device: the same results as on the CPU. */

import { existsSync } from "node:fs";
import { test } from "vitest";
import { expectSameTraining, trainSteps } from "./support/same-training.ts";

// SwiftShader from Chromium: WebGPU without a GPU, slow and exact.
const chromium = "/usr/lib/chromium";
const swiftShader = `${chromium}/vk_swiftshader_icd.json`;

test.skipIf(!existsSync(swiftShader))(
  "four steps on WebGPU, the state read and loaded in between, are those of the CPU",
  { timeout: 300_000 },
  () => {
    const env = { VK_ICD_FILENAMES: swiftShader, LD_LIBRARY_PATH: chromium };
    expectSameTraining(trainSteps("webgpu", env), trainSteps("cpu"));
  },
);
