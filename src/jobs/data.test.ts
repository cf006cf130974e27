import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readDataset } from "../data/read.node.ts";
import { UsageError } from "../util/errors.ts";
import { openDataset } from "./data.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-open-"));
const csv = join(folder, "votes.csv");
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  for (let i = 0; i < 5; i++)
    await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 40 * i, g: 0, b: 0 } } })
      .png()
      .toFile(join(folder, `${i}.png`));
  writeFileSync(
    csv,
    "path,happy,sad,fear\n0.png,3,1,0\n1.png,1,3,0\n2.png,0,1,4\n3.png,2,1,1\n4.png,0,5,5\n",
  );
});

test("a data set that was read is the same as its paths, whichever classes are asked for", async () => {
  const whole = await readDataset([csv]);
  expect(await openDataset(whole)).toEqual(whole);
  for (const classes of [
    ["sad", "happy"],
    ["fear", "sad", "happy"],
    ["happy", "sad", "surprise"],
  ]) {
    const options = { classes, allowMissing: true };
    const [again, read] = [await openDataset(whole, options), await openDataset(csv, options)];
    for (const key of ["classes", "samples", "sources", "fingerprint", "formerIds"] as const)
      expect(again[key], key).toEqual(read[key]);
  }
});

test("images are left out by a list, and classes that are not there are refused", async () => {
  const whole = await readDataset([csv]);
  const [list, known] = [join(folder, "exclude.txt"), whole.samples.map(({ id }) => id)];
  writeFileSync(list, `# copies\n${known[0]}\n`);
  const { samples } = await openDataset(whole, { exclude: list });
  expect(samples.map(({ id }) => id)).toEqual(known.slice(1));
  await expect(openDataset(whole, { classes: ["happy", "joyful"] })).rejects.toThrow(UsageError);
  await expect(openDataset([])).rejects.toThrow("No data given");
});

test("what is no data set is refused as one", async () => {
  const whole = await readDataset([csv]);
  for (const data of [undefined, null, 5, {}, { samples: [] }] as unknown[])
    await expect(openDataset(data as string)).rejects.toThrow(/^data is not a data set: give a folder/);
  for (const data of [undefined, null, 5, {}] as unknown[])
    await expect(openDataset(data as string)).rejects.toThrow(UsageError);
  const [first, ...others] = whole.samples;
  if (!first) throw new Error("no samples");
  const label = { ...whole, samples: [{ ...first, label: 2 }, ...others, { ...first, id: "x", label: -1 }] };
  await expect(openDataset(label)).rejects.toThrow(/the label of "x" is -1; .* from 0 to 2/);
});
