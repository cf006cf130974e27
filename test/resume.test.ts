/** A training that is killed or interrupted, however often, ends bit-identical to an uninterrupted one. */

import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCheckpoint, runPaths } from "../src/train/run-folder.node.ts";
import { random } from "../src/util/random.ts";
import { bestBytes, runCli, trainWithKills } from "./support/kill.ts";

/** Whole trainings, in their own processes. */
const patience = { timeout: 300_000 };
const KILLS = Number(process.env.VULTUS_KILLS ?? 20);
const folder = mkdtempSync(join(tmpdir(), "vultus-resume-"));
const data = join(folder, "data");
/** The uninterrupted run. */
const whole = join(folder, "whole");

beforeAll(async () => {
  for (const [label, name] of ["dark", "light"].entries()) {
    for (const split of ["train", "validation"]) {
      const dir = join(data, split, name);
      mkdirSync(dir, { recursive: true });
      for (let i = 0; i < (split === "train" ? 40 : 10); i++) {
        const rng = random("resume", split, name, i);
        const pixels = Buffer.from(Array.from({ length: 40 * 40 }, () => rng.uniform(0, 180) + label * 60));
        await sharp(pixels, { raw: { width: 40, height: 40, channels: 1 } })
          .png()
          .toFile(join(dir, `${i}.png`));
      }
    }
  }
  const { code, stderr } = await runCli([...args, "--out", whole]);
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Three phases: a frozen one on cached features, one that trains a few stages, and one that trains everything with batch
 * statistics.
 */
const args = [
  [
    "train",
    data,
    "--model",
    "squeezenet1_1",
    "--weights",
    "random-frozen",
    "--recipe",
    "progressive",
    "--input-size",
    "32",
  ],
  ["--batch-size", "16", "--threads", "1", "--device", "cpu", "--checkpoint-every", "0"],
  [
    "--set",
    "phases.0.epochs=3",
    "--set",
    "phases.1.epochs=3",
    "--set",
    "phases.2.epochs=3",
    "--set",
    "phases.2.batchNorm=batch",
  ],
  [
    "--set",
    "phases.2.ema=0.9",
    "--set",
    "phases.1.clipNorm=1",
    "--set",
    "phases.0.patience=9",
    "--set",
    "augmentation.mixup=0.2",
  ],
].flat();

/** The best weights may predate the interruption; the last state and the losses do not. */
function expectSame(broken: string, undisturbed: string): void {
  expect(bestBytes(broken).equals(bestBytes(undisturbed))).toBe(true);
  const { tensors, progress } = readCheckpoint(runPaths(broken).checkpoint);
  const reference = readCheckpoint(runPaths(undisturbed).checkpoint);
  expect([...tensors.keys()]).toEqual([...reference.tensors.keys()]);
  for (const [name, tensor] of tensors) expect(tensor.data, name).toEqual(reference.tensors.get(name)?.data);
  expect(progress.history.map((record) => record.validationLoss)).toEqual(
    reference.progress.history.map((record) => record.validationLoss),
  );
}

test(`killed ${KILLS} times and resumed: bit for bit the same`, { timeout: KILLS * 45_000 }, async () => {
  let killed = 0;
  for (let round = 0; killed < KILLS; round++) {
    const broken = join(folder, `broken-${round}`);
    killed += await trainWithKills(args, broken, Math.min(10, KILLS - killed), round);
    expectSame(broken, whole);
    rmSync(broken, { recursive: true, force: true });
  }
  expect(killed).toBeGreaterThanOrEqual(KILLS);
});

test("Ctrl-C finishes the step, saves, explains how to resume, and resuming is exact", patience, async () => {
  const broken = join(folder, "interrupted");
  let sent = false;
  const { code, stderr } = await runCli([...args, "--out", broken], {
    onStderr(text, child) {
      // By then the second epoch of the second phase is in progress, or a later one if the machine is busy.
      if (!sent && /phase 2: .*epoch 1 of 3/s.test(text)) sent = child.kill("SIGINT");
    },
  });
  expect(code).toBe(1);
  expect(stderr).toContain(`train --resume ${broken}\n`);
  const { phase, epoch } = readCheckpoint(runPaths(broken).checkpoint).progress;
  expect(10 * phase + epoch).toBeGreaterThanOrEqual(11);
  expect((await runCli([...args, "--resume", broken])).code).toBe(0);
  expectSame(broken, whole);
});

test(
  "number format and cached features are those of the run, though the options are left out",
  patience,
  async () => {
    const short = [0, 1, 2].flatMap((phase) => ["--set", `phases.${phase}.epochs=${phase === 0 ? 2 : 1}`]);
    const settings = [...short, "--precision", "fp16", "--cache-features", "off"];
    const [undisturbed, broken] = [join(folder, "half"), join(folder, "half-interrupted")];
    expect((await runCli([...args, ...settings, "--out", undisturbed])).code).toBe(0);
    let sent = false;
    const interrupted = await runCli([...args, ...settings, "--out", broken], {
      onStderr(text, child) {
        if (!sent && /epoch 1 of 2/.test(text)) sent = child.kill("SIGINT");
      },
    });
    expect(interrupted.code).toBe(1);
    expect(interrupted.stderr).toContain(`train --resume ${broken}\n`);
    const { code, stderr } = await runCli([
      "train",
      data,
      "--threads",
      "1",
      "--device",
      "cpu",
      "--resume",
      broken,
    ]);
    expect(code, stderr).toBe(0);
    expectSame(broken, undisturbed);
  },
);

test("folders in another order are the same run; images with other pixels are said", patience, async () => {
  const more = join(folder, "more");
  cpSync(data, more, { recursive: true });
  for (const name of ["dark", "light"]) rmSync(join(more, "train", name, "7.png"));
  const short = [0, 1, 2].flatMap((phase) => ["--set", `phases.${phase}.epochs=${phase === 0 ? 2 : 1}`]);
  const train = (...sources: string[]): string[] => ["train", ...sources, ...args.slice(2), ...short];
  const [undisturbed, broken] = [join(folder, "ordered"), join(folder, "turned")];
  expect((await runCli([...train(data, more), "--out", undisturbed])).code).toBe(0);
  let sent = false;
  const interrupted = await runCli([...train(data, more), "--out", broken], {
    onStderr(text, child) {
      if (!sent && /epoch 1 of 2/.test(text)) sent = child.kill("SIGINT");
    },
  });
  expect(interrupted.stderr).toContain(`train --resume ${broken}\n`);
  const resumed = await runCli([
    "train",
    more,
    data,
    "--threads",
    "1",
    "--device",
    "cpu",
    "--resume",
    broken,
  ]);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).not.toContain("not bit-exact");
  expectSame(broken, undisturbed);

  cpSync(join(more, "train", "dark", "8.png"), join(more, "train", "dark", "9.png"));
  const changed = await runCli([
    "train",
    data,
    more,
    "--threads",
    "1",
    "--device",
    "cpu",
    "--resume",
    broken,
  ]);
  expect(changed.stderr).toContain(
    "not bit-exact: images with the same names have different pixels from when the run started",
  );
});

test("another thread count is said not to be bit-exact", async () => {
  const { code, stderr } = await runCli([...args, "--threads", "2", "--resume", whole]);
  expect(code).toBe(0);
  expect(stderr).toMatch("not bit-exact: threads was 1 and is 2 now");
});
