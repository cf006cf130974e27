import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { evaluation } from "../evaluate/evaluate.ts";
import { writeEvaluation } from "./evaluation.ts";

test("a chart that cannot be drawn is noted, and the others are written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-evaluation-"));
  try {
    const outputs = { logits: Float32Array.of(1, 0), probabilities: Float32Array.of(0.73, 0.27) };
    const scored = evaluation(outputs, [0], ["happy", "sad"], { temperature: 1, fittedHere: false });
    const pixels = {
      get: () => {
        throw new Error("the image is gone");
      },
    } as unknown as PixelCache;
    const notes: string[] = [];
    const written = await writeEvaluation(folder, scored, pixels, (text) => notes.push(text));
    expect(written).toEqual([join(folder, "confusion.svg"), join(folder, "confusion.png")]);
    expect(written.every((path) => existsSync(path))).toBe(true);
    expect(notes).toEqual([`${join(folder, "samples.png")} could not be drawn: the image is gone`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
