/** Votes in manifests, for classes and for other names. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openDataset } from "../jobs/data.ts";
import { UsageError } from "../util/errors.ts";
import type { Dataset } from "./dataset.ts";
import { readDataset } from "./read.node.ts";
import { manifestText } from "./write-manifest.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-votes-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(...lines: string[]): string {
  const path = join(mkdtempSync(join(dir, "data-")), "votes.csv");
  writeFileSync(path, lines.join("\n"));
  return path;
}

const manifest = write(
  "path,happy,sad,contempt,unknown,not_a_face",
  "a,5,3,1,1,0",
  "b,1,2,0,7,0",
  "c,0,6,0,4,0",
  "d,4,1,0,4,1",
  "e,1,0,6,2,1",
  "f,0,10,0,0,0",
);
const notAClass = ["Unknown", "not_a_face"];
const own = ({ classes, samples }: Dataset): unknown[] =>
  samples.map(({ id, label, votes, voteCount, otherVotes }) => [
    id,
    classes[label],
    votes?.map((share) => Number((share * (voteCount as number)).toFixed(9))),
    otherVotes,
  ]);

describe("names that are no class", () => {
  test("leave out the images of which they are the plurality, and keep their other votes apart", async () => {
    const data = await readDataset([manifest], { notAClass });
    expect(data.classes).toEqual(["contempt", "happy", "sad"]);
    expect(own(data)).toEqual([
      ["a", "happy", [1, 5, 3], { unknown: 1 }],
      ["c", "sad", [0, 0, 6], { unknown: 4 }],
      // In a tie, the class is the label, as before.
      ["d", "happy", [0, 4, 1], { not_a_face: 1, unknown: 4 }],
      ["e", "contempt", [6, 1, 0], { not_a_face: 1, unknown: 2 }],
      ["f", "sad", [0, 0, 10], undefined],
    ]);
    expect(data.notAClass).toEqual(["not_a_face", "unknown"]);
    expect(data.leftOut).toEqual([
      { className: "not_a_face", count: 0 },
      { className: "unknown", count: 1 },
    ]);
    expect(data.notes).toContain('"unknown" is not a class: 1 image left out');
    expect(data.notes.at(-1)).toBe(
      "13 of 50 votes on the images used are for not_a_face, unknown: they count towards the number of people asked, but not in the soft labels",
    );
  });

  test("classes that are not chosen are counted in the same way", async () => {
    const data = await readDataset([manifest], { notAClass, classes: ["happy", "sad"] });
    expect(own(data)[0]).toEqual(["a", "happy", [5, 3], { contempt: 1, unknown: 1 }]);
    expect(data.notes).toContain('class "contempt" left out: 1 image');
    expect(data.notes.at(-1)).toContain("11 of 40 votes on the images used are for contempt, not_a_face");
    const unnamed = await readDataset([manifest], { classes: ["happy", "sad"] });
    expect(own(unnamed)).toEqual(own(data));
    // Older runs recognise the data by its fingerprint.
    expect(unnamed.fingerprint).toBe(data.fingerprint);
  });

  test("survive a choice of classes from a data set that was read", async () => {
    const read = await readDataset([manifest], { notAClass });
    const chosen = await openDataset(read, { classes: ["sad", "happy"], notAClass });
    const direct = await readDataset([manifest], { classes: ["sad", "happy"], notAClass });
    expect(own(chosen)).toEqual(own(direct));
    expect(chosen.notAClass).toEqual(direct.notAClass);
    const asClasses = { not_a_face: "not_a_face", unknown: "unknown" };
    const all = await readDataset([manifest], { allowMissing: true, rename: asClasses });
    expect(own(await openDataset(all, { notAClass }))).toEqual(own(read));
  });

  test("a written manifest keeps them, and reads back as the same data without being told", async () => {
    const read = await readDataset([manifest], { notAClass });
    const text = manifestText(read, (file) => file);
    expect(text.split("\n")[0]).toBe(
      "path,split,contempt,happy,sad,not-a-class:not_a_face,not-a-class:unknown",
    );
    const again = await readDataset([write(...text.trimEnd().split("\n"))]);
    expect(own(again).map((row) => (row as unknown[]).slice(1))).toEqual(
      own(read).map((row) => (row as unknown[]).slice(1)),
    );
    expect(again.notes[0]).toMatch(/2 columns of votes that are not for a class: not_a_face, unknown$/);
    const one = await readDataset([
      write("path,happy,sad,not-a-class:unknown", "a,1,0,2", "b,1,0,0", "c,0,1,0"),
    ]);
    expect(one.notes).toContain('"unknown" is not a class: 1 image left out');
  });

  test("may be folders, and a run remembers them", async () => {
    const root = mkdtempSync(join(dir, "folders-"));
    for (const path of ["happy/1.png", "sad/1.png", "not happy/1.png", "Unknown/1.png"]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), "");
    }
    // This also resolves a name that does not state a class clearly.
    const read = await readDataset([root], { notAClass: ["unknown", "not happy"] });
    expect(read.classes).toEqual(["happy", "sad"]);
    expect(read.samples.length).toBe(2);
    const remembered = { notAClass: ["unknown", "not happy", "elsewhere"] };
    expect(own(await readDataset([root], { remembered }))).toEqual(own(read));
    const chosen = await readDataset([root], { classes: ["happy", "unknown"], remembered });
    expect(chosen.classes).toEqual(["happy", "unknown"]);
  });

  test.each([
    [
      "a name that is not there",
      { notAClass: ["unknwon"] },
      /there is no "unknwon" in .*Did you mean "unknown"/,
    ],
    [
      "a class",
      { classes: ["sad", "happy"], notAClass: ["Happiness"] },
      /"happy" is one of the classes sad, happy/,
    ],
    ["no list", { notAClass: "unknown" as never }, /notAClass is "unknown"; it must be a list of strings/],
    [
      "every name",
      { notAClass: ["happy", "sad", "contempt", ...notAClass] },
      /votes\.csv: `notAClass` leaves no class, but a classifier needs at least two/,
    ],
    ["all but one", { notAClass: ["sad", "contempt", ...notAClass] }, /one class \("happy"\)/],
  ])("%s is refused", async (_, options, message) => {
    const result = readDataset([manifest], options);
    await expect(result).rejects.toThrow(UsageError);
    await expect(result).rejects.toThrow(message);
  });
});
