/** Runs the few steps of `train-steps.ts` in a separate process, and compares two such trainings. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export interface Trained {
  readonly losses: readonly number[];
  readonly state: Readonly<Record<string, readonly number[]>>;
}

/** Trains on `device`, with `env` added to the variables of this process. */
export function trainSteps(device: "cpu" | "webgpu", env: NodeJS.ProcessEnv = {}): Trained {
  const script = fileURLToPath(new URL("train-steps.ts", import.meta.url));
  const options = { env: { ...process.env, ...env }, stdio: "pipe", maxBuffer: 2 ** 26 } as const;
  const printed = execFileSync(process.execPath, ["--import", "tsx", script, device], options);
  return JSON.parse(printed.toString()) as Trained;
}

/** Compares losses to four digits, and the state to one percent, since AdamW amplifies small differences. */
export function expectSameTraining(found: Trained, expected: Trained): void {
  for (const [i, loss] of expected.losses.entries())
    expect(Math.abs((found.losses[i] as number) - loss)).toBeLessThan(1e-4);
  expect(expected.losses[3]).toBeLessThan((expected.losses[0] as number) / 10);
  expect(Object.keys(found.state)).toEqual(Object.keys(expected.state));
  for (const [name, numbers] of Object.entries(expected.state)) {
    const other = found.state[name] as readonly number[];
    const differences = numbers.map((number, i) => Math.abs(number - (other[i] as number)));
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / numbers.length;
    const size = numbers.reduce((sum, number) => sum + Math.abs(number), 0) / numbers.length;
    expect(mean, name).toBeLessThan(0.01 * size + 1e-6);
  }
}
