/** `vultus data crop`: its crops, their location, and that nothing is lost or half written. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import type { CropResult } from "../src/jobs/crop.ts";
import { crop } from "../src/jobs/crop.ts";
import { evaluate } from "../src/jobs/evaluate.ts";
import type { JobEvent } from "../src/jobs/events.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import type { Face } from "../src/predict/prediction.ts";
import { clearFace, composite } from "./support/composites.ts";
import { runCli } from "./support/kill.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-crop-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const face = clearFace;
const device = ["--device", "cpu", "--threads", "2"];

async function photo(path: string, ...sides: readonly number[]): Promise<void> {
  const width = Math.max(300, 300 * sides.length);
  const faces = sides.map((side, i) => ({ face, x: 150 + 300 * i, y: 160, side }));
  const { pixels, height, channels } = composite(width, 300, faces);
  mkdirSync(dirname(at(path)), { recursive: true });
  await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .jpeg({ quality: 95 })
    .toFile(at(path));
}

/** All files below, as relative paths. */
function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

beforeAll(async () => {
  await photo("photos/train/Happy Faces/one.jpg", 90);
  await photo("photos/train/Happy Faces/two.jpg", 100, 140);
  await photo("photos/train/sad :(/one.jpg", 110);
  await photo("photos/train/sad :(/none.jpg");
  await photo("photos/val/Happy Faces/inner/one.jpg", 90);
  await photo("photos/val/sad :(/one.jpg", 90);
  writeFileSync(at("photos/train/sad :(/broken.jpg"), "no image");
  writeFileSync(at("photos/notes.txt"), "beside them");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const crops = [
  "train/Happy Faces/one.png",
  "train/Happy Faces/two.png",
  "train/sad :(/one.png",
  "val/Happy Faces/inner/one.png",
  "val/sad :(/one.png",
];

test("folders and splits stay, the largest face is cut, and a report says what became of each photo", async () => {
  expect(await run(["data", "crop", at("photos"), "--out", at("faces"), ...device])).toBe(1);
  expect(filesIn(at("faces"))).toEqual(["crop-report.csv", "crop-settings.json", ...crops]);
  expect(readFileSync(at("faces/crop-report.csv"), "utf8").split("\n")).toEqual([
    "photo,status,faces,files,reason",
    "train/Happy Faces/one.jpg,cropped,1,train/Happy Faces/one.png,",
    "train/Happy Faces/two.jpg,cropped,2,train/Happy Faces/two.png,",
    expect.stringMatching(/^train\/sad :\(\/broken\.jpg,unreadable,0,,.*not an image/),
    "train/sad :(/none.jpg,no_face,0,,",
    "train/sad :(/one.jpg,cropped,1,train/sad :(/one.png,",
    "val/Happy Faces/inner/one.jpg,cropped,1,val/Happy Faces/inner/one.png,",
    "val/sad :(/one.jpg,cropped,1,val/sad :(/one.png,",
    "",
  ]);
  expect(printed.out).toMatch(/^folder +photos +crops +no face +several +unreadable\n/);
  expect(printed.out).toMatch(/^train\/sad :\( +3 +1 +1 +0 +1$/m);
  expect(printed.out).toMatch(/^total +7 +5 +1 +1 +1$/m);
  expect(printed.err).toContain("left out: train/sad :(/broken.jpg: ");
  // The advice for finding more faces can be run as printed, and the last line names the next step.
  const [turned, next] = printed.out.trimEnd().split("\n").slice(-2);
  expect(turned).toMatch(
    /^to also find faces that lie on their side: .*data crop \S+photos --out \S+faces-rotated --threads 2 --rotate auto --device cpu$/,
  );
  expect(next).toMatch(/^next: .*train \S+faces$/);
  // A layout that training reads directly, under the classes' usual names.
  const { classes, samples } = await readDataset([at("faces")]);
  expect(classes).toEqual(["happy", "sad"]);
  expect(samples.map(({ id, split }) => [id, split])).toHaveLength(5);
});

test("a folder without classes has no next command, and one whose faces were all found no hint", async () => {
  await photo("flat/a.jpg", 90);
  await photo("flat/b.jpg");
  const args = ["data", "crop", at("flat"), "--out", at("flat faces"), "--rotate", "auto", ...device];
  expect(await run(args)).toBe(0);
  expect(printed.out).not.toMatch(/next:|to find faces/);
  printed.err = "";
  expect(await run(["data", "inspect", at("flat"), "--no-sheet"])).toBe(2);
  expect(printed.err).toContain("predict and data crop accept photos that are not in class folders");
});

test("the same command goes on: new photos only, those that could not be read again, no crop twice", async () => {
  cpSync(at("photos"), at("more"), { recursive: true });
  const options = { data: at("more"), out: at("more faces"), device: "cpu", threads: 2 } as const;
  await crop(options);
  const before = new Map(
    filesIn(at("more faces")).map((name) => [name, readFileSync(at("more faces", name))]),
  );
  // Looks like another photo's crop; and what a kill may leave: an incomplete line, an incomplete file.
  await photo("more/train/sad :(/one.webp", 90);
  cpSync(at("photos/train/sad :(/one.jpg"), at("more/train/sad :(/broken.jpg"));
  writeFileSync(at("more faces/crop-report.csv"), "train/sad", { flag: "a" });
  writeFileSync(at("more faces/train/.x.png.123.tmp"), "half");
  const events: JobEvent[] = [];
  const result = await crop({ ...options, onEvent: (event) => events.push(event) });
  expect(result).toMatchObject({ photos: 8, crops: 7, unreadable: 0, before: 6 });
  expect(events.flatMap((event) => (event.type === "progress" ? [event.done] : []))).toEqual([7, 8]);
  const after = filesIn(at("more faces"));
  expect(after).toEqual([...before.keys(), "train/sad :(/broken.png", "train/sad :(/one.webp.png"].sort());
  for (const [name, bytes] of before)
    if (name.endsWith(".png")) expect(readFileSync(at("more faces", name)).equals(bytes), name).toBe(true);
  const report = readFileSync(result.report, "utf8").split("\n");
  expect(report.filter((line) => line.includes("broken.jpg"))).toEqual([
    "train/sad :(/broken.jpg,cropped,1,train/sad :(/broken.png,",
  ]);
  expect(report.filter((line) => line !== "")).toHaveLength(9);
});

test("killed at any moment it leaves whole crops only, and ends as an undisturbed one", async () => {
  for (let i = 0; i < 24; i++) await photo(`many/happy/${i}.jpg`, 80 + i);
  const command = ["data", "crop", at("many"), "--out", at("killed"), ...device];
  const place = at("killed/happy");
  const written = (): string[] =>
    existsSync(place) ? readdirSync(place).filter((file) => file.endsWith(".png")) : [];
  for (const many of [3, 9, 15]) {
    const { code } = await runCli(command, {
      onStderr(_, child) {
        const watching = setInterval(() => written().length >= many && child.kill("SIGKILL"), 1);
        child.on("exit", () => clearInterval(watching));
      },
    });
    expect(code).toBe("killed");
    expect(written().length).toBeGreaterThanOrEqual(many);
    for (const name of written()) expect((await sharp(join(place, name)).stats()).isOpaque).toBe(true);
  }
  expect((await runCli(command)).code).toBe(0);
  const { report } = await crop({ data: at("many"), out: at("whole"), device: "cpu", threads: 2 });
  expect(filesIn(at("killed"))).toEqual(filesIn(at("whole")));
  for (const name of filesIn(at("whole")).filter((file) => file.endsWith(".png")))
    expect(readFileSync(at("killed", name)).equals(readFileSync(at("whole", name))), name).toBe(true);
  expect(readFileSync(at("killed/crop-report.csv"), "utf8").split("\n").sort()).toEqual(
    readFileSync(report, "utf8").split("\n").sort(),
  );
}, 120_000);

test("a signal stops it between two photos, and the same call goes on", async () => {
  const options = { data: at("photos"), out: at("stopped"), device: "cpu", threads: 2 } as const;
  const stop = new AbortController();
  const onEvent = (event: JobEvent): void => {
    if (event.type === "progress") stop.abort();
  };
  await expect(crop({ ...options, signal: stop.signal, onEvent })).rejects.toThrow(
    /^stopped after 1 of 7 photos; run the same command to continue$/,
  );
  expect(await crop(options)).toMatchObject({ photos: 7, crops: 5, before: 1 });
});

describe("a folder of crops is kept as its photos are:", () => {
  const pngsIn = (out: string): string[] => filesIn(out).filter((name) => name.endsWith(".png"));
  const notesOf = (events: readonly JobEvent[]): string[] =>
    events.flatMap((event) => (event.type === "note" ? [event.text] : []));

  test("names with the sign between files are read as they were written", async () => {
    await photo("signs/happy/a | b.jpg", 90, 100);
    await photo("signs/happy/[c.jpg", 90);
    await photo("signs/sad/d.jpg", 90, 100);
    const list = at("signs.csv");
    writeFileSync(
      list,
      "path,label\nsigns/happy/a | b.jpg,happy\nsigns/happy/[c.jpg,happy\nsigns/sad/d.jpg,sad\n",
    );
    const options = { data: list, out: at("signs faces"), faces: "all", device: "cpu", threads: 2 } as const;
    const first = await crop(options);
    expect(first.crops).toBe(5);
    const written = filesIn(options.out).map((name) => readFileSync(join(options.out, name), "latin1"));
    expect(await crop(options)).toEqual({ ...first, before: 3 });
    expect(filesIn(options.out).map((name) => readFileSync(join(options.out, name), "latin1"))).toEqual(
      written,
    );
    // In the format of earlier versions.
    const report = readFileSync(first.report, "utf8");
    const plain = "signs/happy/a | b.png | signs/happy/a | b-2.png";
    expect(report).toContain("signs/sad/d.png | signs/sad/d-2.png");
    writeFileSync(first.report, report.replace(/"\[""signs\/happy\/a .*?\]"/, plain));
    expect(readFileSync(first.report, "utf8")).toContain(plain);
    expect(await crop(options)).toMatchObject({ crops: 5, before: 2 });
    expect(readFileSync(first.report, "utf8").split("\n").sort()).toEqual(report.split("\n").sort());
    expect(pngsIn(options.out)).toHaveLength(5);
  });

  test("crops that were deleted are made again under their names", async () => {
    await photo("kept/happy/one.jpg", 90, 100);
    await photo("kept/happy/one.webp", 90);
    await photo("kept/sad/two.jpg", 90);
    const out = at("kept faces");
    const options = { data: at("kept"), out, faces: "all", device: "cpu", threads: 2 } as const;
    await crop(options);
    const before = pngsIn(out);
    expect(before).toContain("happy/one.jpg-2.png");
    rmSync(join(out, "happy/one.jpg-2.png"));
    const events: JobEvent[] = [];
    const again = await crop({ ...options, onEvent: (event) => events.push(event) });
    expect(again).toMatchObject({ photos: 3, crops: 4, before: 2 });
    expect(notesOf(events)).toContain("cropping photos again whose crops are missing: happy/one.jpg");
    expect(pngsIn(out)).toEqual(before);
    // This time there are fewer faces: the leftover crops are removed.
    await photo("kept/happy/one.jpg", 90);
    rmSync(join(out, "happy/one.jpg.png"));
    expect(await crop(options)).toMatchObject({ photos: 3, crops: 3 });
    expect(pngsIn(out)).toEqual(before.filter((name) => name !== "happy/one.jpg-2.png"));
  });

  test("crops of photos that are gone are removed, and no other files", async () => {
    for (const name of ["one", "two", "three"]) await photo(`thinned/happy/${name}.jpg`, 90);
    const out = at("thinned faces");
    const options = { data: at("thinned"), out, device: "cpu", threads: 2 } as const;
    const { report } = await crop(options);
    rmSync(at("thinned/happy/one.jpg"));
    rmSync(at("thinned/happy/two.jpg"));
    writeFileSync(join(out, "happy/mine.png"), "of a person");
    // A log that names other files.
    writeFileSync(report, readFileSync(report, "utf8").replace("1,happy/two.png", "1,happy/mine.png"));
    const events: JobEvent[] = [];
    const left = await crop({ ...options, onEvent: (event) => events.push(event) });
    expect(left).toMatchObject({ photos: 1, crops: 1, before: 1 });
    expect(notesOf(events)).toContain("removed crops whose photos no longer exist: happy/one.png");
    expect(pngsIn(out)).toEqual(["happy/mine.png", "happy/three.png", "happy/two.png"]);
    expect(readFileSync(report, "utf8")).not.toMatch(/one|two/);
  });

  test("two calls do not write to it at once", async () => {
    for (let i = 0; i < 6; i++) await photo(`twice/happy/${i}.jpg`, 90);
    const options = { data: at("twice"), out: at("twice faces"), device: "cpu", threads: 2 } as const;
    const [one, other] = await Promise.allSettled([crop(options), crop(options)]);
    const [refused] = [one, other].filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(String(refused?.reason)).toMatch(/another crop of this program writes to .*twice faces/);
    expect(await crop(options)).toMatchObject({ photos: 6, crops: 6, before: 6 });
    expect(filesIn(at("twice faces"))).toHaveLength(8);
  });
});

describe("several faces", () => {
  test.each([
    ["all", 3, ["one.png", "two-2.png", "two.png"]],
    ["largest", 2, ["one.png", "two.png"]],
    ["only", 1, ["one.png"]],
  ] as const)("--faces %s", async (rule, count, files) => {
    const out = at(`faces ${rule}`);
    const result = await printedJson<CropResult>(
      ...["data", "crop", at("photos/train/Happy Faces"), "--out", out, "--faces", rule, ...device],
    );
    expect(result).toMatchObject({ photos: 2, crops: count, withSeveral: 1, folders: [{ folder: "." }] });
    expect(filesIn(out).filter((name) => name.endsWith(".png"))).toEqual(files);
    const two = readFileSync(result.report, "utf8").split("\n")[2];
    expect(two).toMatch(rule === "only" ? /^two\.jpg,several_faces,2,,$/ : /^two\.jpg,cropped,2,two\.png/);
  });
});

describe("crops are what predict sees", () => {
  const near = (a: Face | undefined, b: Face | undefined): number =>
    Math.max(
      ...Object.keys(a?.probabilities ?? {}).map((name) =>
        Math.abs((a?.probabilities[name] ?? 1) - (b?.probabilities[name] ?? 0)),
      ),
    );

  test("to the bit at a model's own size, and nearly at their own", async () => {
    await using model = await loadModel({ model: "vultus_s", device: "cpu", threads: 2 });
    await using crops = await loadModel({ model: "vultus_s", device: "cpu", threads: 2, detector: false });
    const { inputSize, resize } = model.bundle.architecture;
    const data = at("photos/train/Happy Faces");
    const options = { data, faces: "all", device: "cpu", threads: 2 } as const;
    await crop({ ...options, out: at("exact"), size: Math.round(inputSize * resize) });
    await crop({ ...options, out: at("own size") });
    const { faces } = await predict(model, join(data, "two.jpg"));
    expect(faces).toHaveLength(2);
    for (const [i, name] of ["two.png", "two-2.png"].entries()) {
      const [exact] = (await predict(crops, at("exact", name))).faces;
      expect(exact?.probabilities).toEqual(faces[i]?.probabilities);
      const [own] = (await predict(crops, at("own size", name))).faces;
      expect(near(own, faces[i])).toBeLessThan(0.1);
    }
  });
});

test("evaluate of crops is predict of the photos", async () => {
  await using model = await loadModel({ model: "vultus_s", device: "cpu", threads: 2 });
  const options = { data: at("photos"), out: at("scored"), size: 64, device: "cpu", threads: 2 } as const;
  const { data } = await crop(options);
  const { predictions = [] } = await evaluate(model, data, {
    ...{ split: "all", predictions: true, device: "cpu", threads: 2 },
  });
  expect(predictions).toHaveLength(5);
  for (const { id, probabilities } of predictions) {
    const photo = at("photos", id.replace(/\.png$/, ".jpg"));
    const [largest] = (await predict(model, photo, { faces: "largest" })).faces;
    for (const [i, name] of model.classes.entries())
      expect(probabilities[i], `${id} ${name}`).toBeCloseTo(largest?.probabilities[name] ?? 2, 4);
  }
});

describe("lists", () => {
  test("are written again for the crops, with all their columns", async () => {
    mkdirSync(at("lists"), { recursive: true });
    const list = at("lists/people.csv");
    const absolute = at("photos/val/sad :(/one.jpg");
    writeFileSync(
      list,
      `Path,label,identity,split,age\n../photos/train/Happy Faces/two.jpg,happy,"a, b",train,30\n${absolute},sad,p2,,\n` +
        "../photos/train/sad :(/none.jpg,sad,p3,validation,\n",
    );
    const { data, crops: count } = await crop({
      data: list,
      out: at("listed"),
      faces: "all",
      device: "cpu",
      threads: 2,
    });
    expect(count).toBe(3);
    expect(data).toEqual([at("listed/people.csv")]);
    const place = relative("/", absolute).replace(/\.jpg$/, ".png");
    expect(readFileSync(at("listed/people.csv"), "utf8")).toBe(
      'path,label,identity,split,age\nphotos/train/Happy Faces/two.png,happy,"a, b",train,30\n' +
        `photos/train/Happy Faces/two-2.png,happy,"a, b",train,30\n${place},sad,p2,,\n`,
    );
    const { samples } = await readDataset(data);
    for (const { source } of samples) expect(source.kind === "file" && existsSync(source.path)).toBe(true);
  });

  test("and folders together each get a folder or list of their own", async () => {
    const list = at("lists/few.csv");
    writeFileSync(list, "emotion;file\nsad;..\\photos\\val\\sad :(\\one.jpg\n");
    const { data } = await crop({
      data: [at("photos/val"), list],
      out: at("both"),
      device: "cpu",
      threads: 2,
    });
    expect(data).toEqual([at("both/val"), at("both/few.csv")]);
    expect(readFileSync(at("both/few.csv"), "utf8")).toBe(
      "emotion,file\nsad,few/photos/val/sad :(/one.png\n",
    );
    expect(filesIn(at("both")).filter((name) => name.endsWith(".png"))).toEqual([
      "few/photos/val/sad :(/one.png",
      "val/Happy Faces/inner/one.png",
      "val/sad :(/one.png",
    ]);
  });

  test("of fer2013's form hold crops already", async () => {
    writeFileSync(at("lists/fer2013.csv"), "emotion,pixels,Usage\n0,1 2,Training\n");
    expect(await run(["data", "crop", at("lists/fer2013.csv"), "--out", at("nowhere")])).toBe(2);
    expect(printed.err).toContain("already contains face crops of 48 × 48 pixels");
  });
});

describe("refused before anything is written", () => {
  test.each([
    ["into its own input", "photos", "photos/train/faces", /overlap, so crops/],
    ["around its own input", "photos/train", "photos", /overlap, so crops/],
    ["into its own input by a link", "photos", "link/faces", /overlap, so crops/],
    ["into a folder of other files", "photos", "lists", /lists is not empty/],
    ["photos that are not there", "gone", "nowhere", /gone does not exist/],
    ["a folder without photos", "empty", "nowhere", /empty contains no photos/],
  ])("%s", async (_, data, out, message) => {
    mkdirSync(at("lists"), { recursive: true });
    writeFileSync(at("lists/x.csv"), "");
    mkdirSync(at("empty"), { recursive: true });
    if (!existsSync(at("link"))) symlinkSync(at("photos"), at("link"));
    const before = filesIn(at("photos"));
    expect(await run(["data", "crop", at(data), "--out", at(out)])).toBe(2);
    expect(printed.err).toMatch(message);
    expect(filesIn(at("photos"))).toEqual(before);
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  test("other settings in the same folder", async () => {
    const options = { data: at("photos/val"), out: at("settings"), device: "cpu", threads: 2 } as const;
    await crop(options);
    await expect(crop({ ...options, faces: "all", size: 64 })).rejects.toThrow(
      /has crops cut with --faces largest; crops cut without --size\. Use the same again, or give another --out/,
    );
    await expect(crop({ ...options, data: at("photos/train") })).rejects.toThrow(
      /crops of other photos: .*val/,
    );
    await expect(crop({ ...options, detector: { threshold: 0.9 } })).rejects.toThrow(/another face detector/);
  });
});
