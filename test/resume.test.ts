/** A training that is killed again and again ends with the same bits as one that is not. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCheckpoint, runPaths } from "../src/train/run-folder.node.ts";
import { random } from "../src/util/random.ts";
import { finalBytes, runCli, trainWithKills } from "./support/kill.ts";

const KILLS = Number(process.env.VULTUS_KILLS ?? 20);
const folder = mkdtempSync(join(tmpdir(), "vultus-resume-"));
const data = join(folder, "data");

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
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Three phases: a frozen one on cached features, one with a few stages, one with everything by batch statistics. */
const args = [
  [
    "train",
    data,
    "--model",
    "squeezenet1_1",
    "--weights",
    "none",
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

test(`killed ${KILLS} times and resumed: bit for bit the same`, { timeout: KILLS * 45_000 }, async () => {
  const whole = join(folder, "whole");
  expect(await runCli([...args, "--out", whole], whole)).toBe(0);
  const expected = finalBytes(whole);
  const reference = readCheckpoint(runPaths(whole).checkpoint);

  let killed = 0;
  for (let round = 0; killed < KILLS; round++) {
    const broken = join(folder, `broken-${round}`);
    killed += await trainWithKills(args, broken, Math.min(10, KILLS - killed), round);
    const actual = finalBytes(broken);
    expect(actual.best.equals(expected.best)).toBe(true);
    const { tensors, progress } = readCheckpoint(runPaths(broken).checkpoint);
    expect([...tensors.keys()]).toEqual([...reference.tensors.keys()]);
    for (const [name, tensor] of tensors)
      expect(tensor.data, name).toEqual(reference.tensors.get(name)?.data);
    expect(progress.history.map((record) => record.validationLoss)).toEqual(
      reference.progress.history.map((record) => record.validationLoss),
    );
    rmSync(broken, { recursive: true, force: true });
  }
  expect(killed).toBeGreaterThanOrEqual(KILLS);
});
