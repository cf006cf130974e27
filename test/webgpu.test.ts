/** Training on WebGPU in Node, where weights and moments stay on the device: as on the CPU. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

// SwiftShader, which Chromium carries: WebGPU without a graphics processor, slow and exact.
const chromium = "/usr/lib/chromium";
const swiftShader = `${chromium}/vk_swiftshader_icd.json`;

interface Trained {
  readonly losses: readonly number[];
  readonly state: Readonly<Record<string, readonly number[]>>;
}

function train(device: "cpu" | "webgpu"): Trained {
  const script = fileURLToPath(new URL("support/train-steps.ts", import.meta.url));
  const env = { ...process.env, VK_ICD_FILENAMES: swiftShader, LD_LIBRARY_PATH: chromium };
  const options = { env, stdio: "pipe", maxBuffer: 2 ** 26 } as const;
  const printed = execFileSync(process.execPath, ["--import", "tsx", script, device], options);
  return JSON.parse(printed.toString()) as Trained;
}

test.skipIf(!existsSync(swiftShader))(
  "four steps on WebGPU, the state read and loaded in between, are those of the CPU",
  { timeout: 300_000 },
  () => {
    const [cpu, gpu] = [train("cpu"), train("webgpu")];
    for (const [i, loss] of cpu.losses.entries())
      expect(Math.abs((gpu.losses[i] as number) - loss)).toBeLessThan(1e-4);
    expect(cpu.losses[3]).toBeLessThan((cpu.losses[0] as number) / 10);
    expect(Object.keys(gpu.state)).toEqual(Object.keys(cpu.state));
    for (const [name, numbers] of Object.entries(cpu.state)) {
      const other = gpu.state[name] as readonly number[];
      const differences = numbers.map((number, i) => Math.abs(number - (other[i] as number)));
      const mean = differences.reduce((sum, difference) => sum + difference, 0) / numbers.length;
      const size = numbers.reduce((sum, number) => sum + Math.abs(number), 0) / numbers.length;
      expect(mean, name).toBeLessThan(0.01 * size + 1e-6);
    }
  },
);
