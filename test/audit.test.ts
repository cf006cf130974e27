/** `vultus data audit` on the command line: compared with Python, on planted copies, and with user errors. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readTraces } from "../src/audit/copies.node.ts";
import type { PictureGroup } from "../src/audit/groups.ts";
import { run } from "../src/cli/main.ts";
import { readPicture } from "../src/data/decode.node.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { expressions } from "../src/data/synthetic-expression.ts";
import { greyOf, thumbnail } from "../src/data/thumbnail.ts";
import { indicesByKey } from "../src/util/disjoint-sets.ts";
import { random, shuffled } from "../src/util/random.ts";
import { capture, printed } from "./support/printed.ts";
import { hasPython, python } from "./support/python.ts";

const script = fileURLToPath(new URL("reference/duplicates.py", import.meta.url));
const real = process.env.VULTUS_FER2013 ?? "/tmp/fer/images";
const hasPil = hasPython("PIL");
const hasReal = existsSync(join(real, "train"));
if (!hasReal) console.warn(`FER2013's images are not in ${real} (VULTUS_FER2013): drawn faces instead`);

const folder = mkdtempSync(join(tmpdir(), "vultus-audit-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(capture);

interface AuditFile {
  readonly duplicates: readonly PictureGroup[];
  readonly nearDuplicates: readonly PictureGroup[];
  readonly faults: Record<string, string[]>;
  readonly unreadable: readonly { id: string; reason: string }[];
}

function readAudit(dir: string): AuditFile {
  return JSON.parse(readFileSync(join(dir, "audit.json"), "utf8")) as AuditFile;
}

function excluded(dir: string): string[] {
  const lines = readFileSync(join(dir, "exclude.txt"), "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("# ")).sort();
}

describe("identical images", () => {
  const reference = (dir: string): { groups: string[][]; unreadable: number } => {
    const found = spawnSync(python, [script, dir], { encoding: "utf8", maxBuffer: 1e9 });
    expect(found.stderr).toBe("");
    return JSON.parse(found.stdout) as { groups: string[][]; unreadable: number };
  };

  test.skipIf(!hasPil || !hasReal)(
    "of FER2013 are those that Python finds",
    async () => {
      const { traces, unreadable } = await readTraces((await readDataset([real])).samples);
      const groups = indicesByKey(traces.map(({ hash }) => hash))
        .filter((indices) => indices.length > 1)
        .map((indices) => indices.map((index) => traces[index]?.sample.id ?? "").sort())
        .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
      expect(groups.length).toBeGreaterThan(1000);
      expect({ groups, unreadable: unreadable.length }).toEqual(reference(real));
    },
    300_000,
  );

  test.skipIf(!hasPil)("in many formats are those that Python finds", async () => {
    const dir = at("formats");
    const make = (sub: string): string => {
      mkdirSync(join(dir, sub), { recursive: true });
      return join(dir, sub);
    };
    const faces = expressions.map((expression) => drawFace(expression, "formats"));
    for (const [i, { pixels, width, height, channels }] of faces.entries()) {
      const image = (): Sharp => sharp(pixels, { raw: { width, height, channels } });
      await image()
        .png()
        .toFile(join(make("train/happy"), `${i}.png`));
      await image()
        .toColourspace("srgb")
        .png()
        .toFile(join(make("validation/happy"), `${i}-rgb.png`));
      await image()
        .webp({ lossless: true })
        .toFile(join(make("train/sad"), `${i}.webp`));
      await image()
        .tiff()
        .toFile(join(make("validation/sad"), `${i}.tif`));
      await image()
        .rotate(90)
        .png()
        .toFile(join(make("train/sad"), `${i}-turned.png`));
    }
    writeFileSync(join(dir, "train/sad/broken.png"), "not an image");
    expect(await run(["data", "audit", dir, "--json", "--out", at("formats out")])).toBe(1);
    const audit = readAudit(at("formats out"));
    const groups = audit.duplicates.map(({ pictures }) => pictures.map(({ id }) => id).sort());
    const expected = reference(dir);
    expect(groups.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))).toEqual(expected.groups);
    expect(expected.groups).toHaveLength(faces.length);
    expect(JSON.parse(printed.out)).toMatchObject({
      unreadable: expected.unreadable,
      conflictingGroups: faces.length,
    });
  });
});

/** Correlation of two small images without alignment, which the search does not use. */
function plainCorrelation(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function unit(small: Uint8Array): Float64Array {
  const mean = small.reduce((a, b) => a + b, 0) / small.length;
  const centred = Float64Array.from(small, (value) => value - mean);
  const length = Math.sqrt(plainCorrelation(centred, centred));
  return centred.map((value) => value / Math.max(length, 1e-9));
}

function flipped(values: Float64Array): Float64Array {
  const side = Math.sqrt(values.length);
  return values.map((_, i) => values[i - 2 * (i % side) + side - 1] as number);
}

/**
 * Maximum correlation of two images that are planted together. Drawn faces resemble each other more than real ones when shifted.
 */
const alikeFrom = hasReal ? 0.9 : 0.8;

/** Pixels of images of which no two look alike: every pair was compared, including mirrored. */
async function differentFaces(count: number): Promise<Uint8Array[]> {
  const files = hasReal
    ? readdirSync(join(real, "train")).flatMap((name) =>
        readdirSync(join(real, "train", name)).map((file) => join(real, "train", name, file)),
      )
    : [];
  const chosen: Uint8Array[] = [];
  const seen: Float64Array[] = [];
  const order = shuffled(
    hasReal ? files : Array.from({ length: 5 * count }, (_, i) => String(i)),
    random("planted"),
  );
  for (const name of order) {
    if (chosen.length === count) break;
    const expression = expressions[Number(name) % expressions.length] ?? "happy";
    const picture = hasReal ? await readPicture({ kind: "file", path: name }) : drawFace(expression, name);
    const small = unit(thumbnail(greyOf(picture)));
    const turned = flipped(small);
    const lively = Math.max(...picture.pixels) - Math.min(...picture.pixels) > 30;
    const alike = seen.some(
      (one) => plainCorrelation(one, small) > alikeFrom || plainCorrelation(one, turned) > alikeFrom,
    );
    if (!lively || alike) continue;
    seen.push(small);
    chosen.push(picture.pixels);
  }
  return chosen;
}

const rng = random("planted copies");
/** Changes after which a person would still call it the same image. */
const changes: Record<string, (image: Sharp) => Sharp> = {
  mirrored: (image) => image.flop().png(),
  cropped: (image) => {
    const [left, top, right, bottom] = [rng.integer(4), rng.integer(4), rng.integer(4), 1 + rng.integer(3)];
    const area = { left, top, width: 48 - left - right, height: 48 - top - bottom };
    return image.extract(area).resize(48, 48, { fit: "fill" }).png();
  },
  "mirrored and cropped": (image) =>
    image.extract({ left: 2, top: 0, width: 45, height: 46 }).flop().resize(48, 48, { fit: "fill" }).png(),
  shifted: (image) =>
    image
      .extract({ left: 2, top: 1, width: 46, height: 47 })
      .extend({ right: 2, bottom: 1, extendWith: "copy" })
      .png(),
  recompressed: (image) => image.jpeg({ quality: 60 }),
  brighter: (image) => image.linear(1.2, 0).png(),
  darker: (image) => image.linear(0.8, 0).png(),
  enlarged: (image) => image.resize(96, 96).png(),
};

describe("planted among different faces", () => {
  const perChange = 60;
  const blanks = 20;
  const dir = at("planted");
  const result = at("planted out");
  let audit: AuditFile;

  beforeAll(async () => {
    const faces = await differentFaces(hasReal ? 2000 : 1000);
    for (const name of ["happy", "sad"]) mkdirSync(join(dir, name), { recursive: true });
    const image = (index: number): Sharp =>
      sharp(faces[index] as Uint8Array, { raw: { width: 48, height: 48, channels: 1 } });
    const label = (index: number): string => (index % 2 ? "happy" : "sad");
    for (const index of faces.keys())
      await image(index)
        .png()
        .toFile(join(dir, label(index), `${index}.png`));
    for (const [number, [name, change]] of Object.entries(changes).entries()) {
      for (let i = 0; i < perChange; i++) {
        const index = number * perChange + i;
        await change(image(index)).toFile(join(dir, label(index), `${index} ${name}`));
      }
    }
    for (let i = 0; i < blanks; i++) {
      const pixels = Uint8Array.from({ length: 2304 }, () => 12 * i + rng.integer(3));
      await sharp(pixels, { raw: { width: 48, height: 48, channels: 1 } })
        .png()
        .toFile(join(dir, "sad", `blank ${i}.png`));
    }
    vi.spyOn(process.stdout, "write").mockReturnValue(true);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await run(["data", "audit", dir, "--out", result])).toBe(0);
    vi.restoreAllMocks();
    audit = readAudit(result);
  });

  const numberOf = (id: string): string => /\/(\d+)[. ]/.exec(id)?.[1] ?? id;
  const together = (): string[][] => audit.nearDuplicates.map(({ pictures }) => pictures.map(({ id }) => id));

  test.each(Object.keys(changes))("%s copies are found", (name) => {
    const found = together().filter((ids) =>
      ids.some((id) => id.endsWith(` ${name}`) && ids.includes(id.replace(` ${name}`, ".png"))),
    );
    expect(found.length / perChange).toBeGreaterThanOrEqual(0.95);
  });

  test("of the pairs that are found 90 % are planted", () => {
    let planted = 0;
    let all = 0;
    for (const ids of together()) {
      for (const [i, a] of ids.entries()) {
        for (const b of ids.slice(i + 1)) {
          all++;
          if (numberOf(a) === numberOf(b)) planted++;
        }
      }
    }
    expect(planted / all).toBeGreaterThanOrEqual(0.9);
  });

  test("blank images are found, and no others", () => {
    const expected = Array.from({ length: blanks }, (_, i) => `sad/blank ${i}.png`);
    expect([...(audit.faults.blank ?? [])].sort()).toEqual(expected.sort());
    expect(excluded(result)).toEqual(expect.arrayContaining(expected));
  });
});

describe("from the command line", () => {
  const write = async (path: string, number: number): Promise<void> => {
    const { pixels, width, height, channels } = drawFace("happy", "small set", number);
    mkdirSync(at(...path.split("/").slice(0, -1)), { recursive: true });
    await sharp(pixels, { raw: { width, height, channels } }).png().toFile(at(path));
  };

  beforeAll(async () => {
    // By face number: 0 leaks, 1 repeats within training, 2 has two labels, the others are unique.
    const set: Record<string, number[]> = {
      "train/happy": [0, 1, 1, 2, 3],
      "train/sad": [2, 4, 5],
      "validation/happy": [0, 6],
      "validation/sad": [7],
    };
    for (const [path, numbers] of Object.entries(set)) {
      for (const [i, number] of numbers.entries()) await write(`small/${path}/${i}.png`, number);
    }
    for (const i of [0, 1]) await write(`one class/happy/${i}.png`, i);
    mkdirSync(at("nothing"));
    for (const name of ["happy", "sad"]) {
      mkdirSync(at("broken", name), { recursive: true });
      writeFileSync(at("broken", name, "a.png"), "no image");
    }
  });

  test("one JSON document, a list to leave printed.out, and the images untouched", async () => {
    const state = (): string => {
      const hash = createHash("sha256");
      for (const name of readdirSync(at("small"), { recursive: true, encoding: "utf8" }).sort()) {
        const path = at("small", name);
        hash.update(name);
        if (statSync(path).isFile()) hash.update(readFileSync(path)).update(String(statSync(path).mtimeMs));
      }
      return hash.digest("hex");
    };
    const before = state();
    expect(await run(["data", "audit", at("small"), "--json", "--out", at("small out")])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({
      pictures: 11,
      duplicateGroups: 3,
      redundantPictures: 3,
      crossSplitPictures: { "validation in train": 1, "test in train": 0, "test in validation": 0 },
      conflictingGroups: 1,
      nearDuplicateGroups: 0,
      blank: 0,
      unreadable: 0,
    });
    expect(excluded(at("small out"))).toEqual([
      "train/happy/0.png",
      "train/happy/2.png",
      "train/happy/3.png",
      "train/sad/0.png",
    ]);
    expect(state()).toBe(before);
  });

  test("a summary for people", async () => {
    expect(await run(["data", "audit", at("small")])).toBe(0);
    expect(printed.out).toMatch(/groups of pixel-identical images +3\n/);
    expect(printed.out).toMatch(/validation against train: /);
  });

  test("a list that is there already is kept", async () => {
    mkdirSync(at("mine"));
    writeFileSync(at("mine", "exclude.txt"), "edited\n");
    expect(await run(["data", "audit", at("small"), "--out", at("mine")])).toBe(2);
    expect(printed.err).toMatch(/exclude\.txt already exists/);
    expect(readFileSync(at("mine", "exclude.txt"), "utf8")).toBe("edited\n");
  });

  test("images that cannot be read are counted, named, and end with 1", async () => {
    expect(await run(["data", "audit", at("broken"), "--json"])).toBe(1);
    expect(JSON.parse(printed.out)).toMatchObject({
      pictures: 2,
      unreadable: 2,
      duplicateGroups: 0,
      blank: 0,
    });
    printed.out = "";
    expect(await run(["data", "audit", at("broken")])).toBe(1);
    expect(printed.out).toMatch(/happy\/a\.png: /);
  });

  test.each([
    ["a folder without images", () => [at("nothing")], /one folder of images per class|class/],
    ["a missing folder", () => [at("missing")], /There is no folder/],
    ["one class", () => [at("one class")], /at least two/],
    ["an --out that is a file", () => [at("small"), "--out", at("broken", "sad", "a.png")], /--out/],
  ] as const)("%s ends with 2 and lists what is valid", async (_, args, message) => {
    expect(await run(["data", "audit", ...args()])).toBe(2);
    expect(printed.err).toMatch(message);
    expect(printed.err).not.toMatch(/(bug in|fault of) vultus/);
    expect(printed.out).toBe("");
  });
});
