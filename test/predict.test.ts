/** `vultus predict` on the command line: its inputs, its results, and what must never happen. */

import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import type { Picture } from "../src/data/dataset.ts";
import { decodeFitted } from "../src/data/decode.node.ts";
import { type Box, overlapOf } from "../src/predict/boxes.ts";
import { detectFaces, loadModel, type Model, predict, predictFiles } from "../src/predict/model.node.ts";
import type { Prediction } from "../src/predict/prediction.ts";
import { cli } from "./support/cli.ts";
import { clearFace, composite } from "./support/composites.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";
import { tiffOf } from "./support/tiff.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-predict-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const model = at("model.safetensors");
const classes = ["happy", "sad", "surprise"];
const face = clearFace;

function jpegOf({ pixels, width, height, channels }: Picture) {
  return sharp(pixels, { raw: { width, height, channels } }).toColourspace("srgb").jpeg({ quality: 95 });
}

const two = composite(600, 400, [
  { face, x: 150, y: 200, side: 140 },
  { face, x: 450, y: 220, side: 130 },
]);

beforeAll(async () => {
  writeClassifier(model, smallArchitecture(...classes));
  mkdirSync(at("photos", "inner"), { recursive: true });
  await jpegOf(two).toFile(at("photos", "a two.jpg"));
  await jpegOf(composite(300, 300, [{ face, x: 150, y: 150, side: 90 }])).toFile(at("photos", "b.jpg"));
  await jpegOf(composite(300, 300, [])).toFile(at("photos", "c none.jpg"));
  await jpegOf(composite(300, 300, [{ face, x: 150, y: 150, side: 90 }])).toFile(
    at("photos", "inner", "b.jpg"),
  );
  writeFileSync(at("photos", "broken.jpg"), "no image at all");
  writeFileSync(at("photos", "notes.txt"), "beside the images");
  writeFileSync(at("photos", ".hidden.jpg"), "hidden");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const predicted = async (...args: string[]): Promise<{ code: number; predictions: Prediction[] }> => {
  const code = await run(["predict", ...args, "--model", model, "--device", "cpu", "--json"]);
  return { code, predictions: printed.out === "" ? [] : (JSON.parse(printed.out) as Prediction[]) };
};

describe("inputs", () => {
  const names = (predictions: readonly Prediction[]): string[] =>
    predictions.map(({ file, status }) => `${file.replace(`${folder}/`, "")} ${status}`);

  test("the columns of the table line up, however long the names in a folder are", async () => {
    await run(["predict", at("photos"), "--model", model, "--device", "cpu", "--no-detect"]);
    const [head = "", ...rows] = printed.out.trimEnd().split("\n");
    const column = head.indexOf("label");
    expect(rows).toHaveLength(5);
    for (const row of rows) {
      expect(row.slice(0, column).trimEnd()).toMatch(/\.jpg$/);
      expect(row.slice(column)).toMatch(/^(happy|sad|surprise|unreadable)\b/);
    }
  });

  test("a folder is walked in order, other files passed over; every photo has a row, and failures the exit code", async () => {
    const { code, predictions } = await predicted(at("photos"));
    expect(code).toBe(1);
    expect(names(predictions)).toEqual([
      "photos/a two.jpg ok",
      "photos/b.jpg ok",
      "photos/broken.jpg unreadable",
      "photos/c none.jpg no_face",
      "photos/inner/b.jpg ok",
    ]);
    expect(predictions[2]?.reason).toContain("not an image");
    expect(predictions.map(({ code: why }) => why)).toEqual([
      undefined,
      undefined,
      "not_an_image",
      undefined,
      undefined,
    ]);
    expect(printed.err).toContain("5 photos");
    expect(printed.err.match(/to also find faces that lie on their side: /g)).toHaveLength(1);
    expect(printed.err).toMatch(
      /^to also find faces that lie on their side: .*predict \S+photos --model \S+model\.safetensors .*--rotate auto.* --json$/m,
    );
    const [faces] = predictions.map((one) => one.faces);
    expect(faces).toHaveLength(2);
    // The largest first, at the place where it was pasted, with probabilities that sum to 1.
    expect(overlapOf(faces?.[0]?.box as never, { x: 80, y: 130, width: 140, height: 140 })).toBeGreaterThan(
      0.6,
    );
    expect(overlapOf(faces?.[1]?.box as never, { x: 400, y: 170, width: 100, height: 100 })).toBeGreaterThan(
      0.6,
    );
    for (const { probabilities, label } of faces ?? []) {
      expect(Object.keys(probabilities)).toEqual(classes);
      expect(Object.values(probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      expect(probabilities[label ?? ""]).toBe(Math.max(...Object.values(probabilities)));
    }
  });

  test("patterns and files, in the order given; what matches nothing or is not there is a row", async () => {
    const { predictions } = await predicted(
      at("photos", "**", "b.*"),
      at("photos", "a*.jpg"),
      at("x*.jpg"),
      at("no.jpg"),
      at("gone", "*.jpg"),
      at("a{b*.jpg"),
    );
    expect(names(predictions)).toEqual([
      "photos/b.jpg ok",
      "photos/inner/b.jpg ok",
      "photos/a two.jpg ok",
      "x*.jpg unreadable",
      "no.jpg unreadable",
      "gone/*.jpg unreadable",
      "a{b*.jpg unreadable",
    ]);
    for (const row of [3, 5, 6]) expect(predictions[row]?.reason).toBe("no file matches this pattern");
    for (const row of [3, 4, 5, 6]) expect(predictions[row]?.code).toBe("no_such_file");
  });

  test("standard input", () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [...cli, "predict", "-", "--model", model, "--json"],
      {
        input: readFileSync(at("photos", "b.jpg")),
      },
    );
    const [prediction] = JSON.parse(stdout.toString()) as Prediction[];
    expect(prediction).toMatchObject({ file: "-", status: "ok" });
    expect(status).toBe(0);
  });

  test("addresses are fetched only when that is allowed", async () => {
    const server: Server = createServer((request, response) => {
      if (request.url === "/b.jpg") response.end(readFileSync(at("photos", "b.jpg")));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect((await predicted(`${address}/b.jpg`)).code).toBe(2);
      expect(printed.err).toContain("--allow-urls");
      printed.out = "";
      const { code, predictions } = await predicted(
        `${address}/b.jpg`,
        `${address}/none.jpg`,
        "--allow-urls",
      );
      expect(code).toBe(1);
      expect(predictions.map(({ status }) => status)).toEqual(["ok", "unreadable"]);
      expect(predictions[1]?.reason).toContain("404");
    } finally {
      server.close();
    }
  });

  test("a folder without images is a wrong request", async () => {
    mkdirSync(at("empty"));
    expect((await predicted(at("empty"))).code).toBe(2);
    expect(printed.err).toContain("no images found in");
    // Nothing is left that would affect the corrected command.
    expect(await run(["predict", at("empty"), "--model", model, "--out", at("none.csv")])).toBe(2);
    expect(existsSync(at("none.csv"))).toBe(false);
  });
});

describe("images of every kind", () => {
  const photo = (): Sharp => jpegOf(two);
  const expectTwo = async (bytes: Buffer): Promise<void> => {
    writeFileSync(at("photo"), bytes);
    printed.out = "";
    const { predictions } = await predicted(at("photo"));
    const boxes = predictions[0]?.faces.map(({ box }) => box) ?? [];
    expect(boxes).toHaveLength(2);
    expect(overlapOf(boxes[0] as never, { x: 80, y: 130, width: 140, height: 140 })).toBeGreaterThan(0.55);
  };

  test("turned by EXIF: boxes are those of the upright image", async () => {
    const sideways = await sharp(await photo().toBuffer())
      .rotate(-90)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect((await sharp(sideways).metadata()).width).toBe(400);
    await expectTwo(sideways);
  });
  test("with alpha", async () => {
    await expectTwo(
      await sharp(await photo().toBuffer())
        .ensureAlpha()
        .png()
        .toBuffer(),
    );
  });
  test("CMYK", async () => {
    await expectTwo(
      await sharp(await photo().toBuffer())
        .toColourspace("cmyk")
        .jpeg()
        .toBuffer(),
    );
  });
  test("animated: the first frame", async () => {
    const frame = await sharp(await photo().toBuffer())
      .raw()
      .toBuffer();
    const both = Buffer.concat([frame, Buffer.alloc(frame.length, 128)]);
    const gif = await sharp(both, { raw: { width: 600, height: 800, channels: 3, pageHeight: 400 } })
      .gif()
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    await expectTwo(gif);
  });
  test("16 bits, WebP, TIFF, TIFF of floats in 0..1", async () => {
    const bytes = await photo().toBuffer();
    await expectTwo(await sharp(bytes).toColourspace("rgb16").png().toBuffer());
    await expectTwo(await sharp(bytes).webp({ quality: 95 }).toBuffer());
    await expectTwo(await sharp(bytes).tiff().toBuffer());
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const samples = Array.from(data, (level) => level / 255);
    await expectTwo(Buffer.from(tiffOf({ ...info, format: "float32", samples })));
  });
  test("100 megapixels: in bounded memory, boxes in pixels of the original", async () => {
    const large = await sharp(await photo().toBuffer(), { limitInputPixels: false })
      .resize(12_300, 8_200, { kernel: "linear" })
      .jpeg({ quality: 60 })
      .toBuffer();
    writeFileSync(at("large.jpg"), large);
    const { predictions } = await predicted(at("large.jpg"));
    const [box] = predictions[0]?.faces.map((one) => one.box) ?? [];
    expect(
      overlapOf(box as never, { x: 80 * 20.5, y: 130 * 20.5, width: 140 * 20.5, height: 140 * 20.5 }),
    ).toBeGreaterThan(0.55);
    const { picture, width, height } = await decodeFitted(large, 4e6);
    expect([width, height]).toEqual([12_300, 8_200]);
    expect(picture.width * picture.height).toBeGreaterThan(3.9e6);
    expect(picture.width * picture.height).toBeLessThan(4.1e6);
    // In kilobytes. Predicting it takes 230 MB; decoding it at full size would take 300 MB more.
    const told = "process.on('exit', () => console.error(process.resourceUsage().maxRSS))";
    const args = [
      "--import",
      `data:text/javascript,${told}`,
      ...cli,
      "predict",
      at("large.jpg"),
      "--model",
      model,
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    expect(Number(stderr.trim().split("\n").at(-1))).toBeLessThan(350e3);
  });
});

describe("results", () => {
  test("a photo that one face fills needs no --no-detect", async () => {
    await jpegOf(face).toFile(at("crop.jpg"));
    const { predictions } = await predicted(at("crop.jpg"));
    expect(predictions[0]?.faces).toHaveLength(1);
    printed.out = "";
    const whole = await predicted(at("crop.jpg"), "--no-detect");
    expect(whole.predictions[0]?.faces[0]?.box).toEqual({ x: 0, y: 0, width: 48, height: 48 });
    expect(whole.predictions[0]?.faces[0]?.score).toBeUndefined();
  });

  test("--threshold leaves out labels that are not sure, --faces largest all faces but one", async () => {
    const { predictions, code } = await predicted(
      at("photos", "a two.jpg"),
      "--threshold",
      "1",
      "--faces",
      "largest",
    );
    expect(predictions[0]?.faces.map(({ label }) => label)).toEqual([null]);
    expect(code).toBe(0);
    printed.out = "";
    await run(["predict", at("photos", "b.jpg"), "--model", model, "--threshold", "1"]);
    expect(printed.out).toContain("not sure");
  });

  test("table, CSV and JSON lines hold the same", async () => {
    const { predictions } = await predicted(at("photos"));
    for (const [flag, rows] of [
      ["--jsonl", 5],
      ["--csv", 7],
    ] as const) {
      printed.out = "";
      await run(["predict", at("photos"), "--model", model, flag]);
      expect(printed.out.trimEnd().split("\n")).toHaveLength(rows);
      if (flag === "--jsonl")
        expect(
          printed.out
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line) as Prediction),
        ).toEqual(predictions);
    }
    const [header, first] = printed.out.split("\n");
    expect(header).toBe("file,status,x,y,width,height,score,label,happy,sad,surprise");
    const box = predictions[0]?.faces[0]?.box;
    expect(first).toContain(`a two.jpg,ok,${box?.x},${box?.y},${box?.width},${box?.height},`);
  });

  test.each(["jsonl", "csv"])(
    "an interrupted --out file.%s is continued to the same as an uninterrupted one",
    async (kind) => {
      const [whole, cut] = [at(`whole.${kind}`), at(`cut.${kind}`)];
      const args = ["predict", at("photos"), "--model", model, "--out"];
      await run([...args, whole]);
      const text = readFileSync(whole, "utf8");
      expect(printed.out).toBe("");
      expect(await run([...args, whole])).toBe(2);
      expect(printed.err).toContain("--resume");
      for (let length = 0; length <= text.length; length += Math.ceil(text.length / 6)) {
        writeFileSync(cut, text.slice(0, length));
        await run([...args, cut, "--resume"]);
        expect(readFileSync(cut, "utf8"), `cut at ${length}`).toBe(text);
      }
      appendFileSync(whole, "x");
      truncateSync(whole, statSync(whole).size - 1);
      printed.err = "";
      await run([...args, whole, "--resume"]);
      expect(readFileSync(whole, "utf8")).toBe(text);
      expect(printed.err).toContain("were already done");
    },
    120_000,
  );

  test("annotated copies go to a new folder, under names of their own; photos stay as they are", async () => {
    const before = readFileSync(at("photos", "b.jpg"));
    const { predictions } = await predicted(at("photos"), "--annotate", at("photos", "marked"));
    expect(readdirSync(at("photos", "marked")).sort()).toEqual(
      ["a two.jpg", "b-2.jpg", ".vultus", "b.jpg", "c none.jpg"].sort(),
    );
    expect(predictions[4]?.annotated).toBe(at("photos", "marked", "b-2.jpg"));
    expect(readFileSync(at("photos", "b.jpg")).equals(before)).toBe(true);
    // A frame was drawn around the face: pixels of the palette's blue.
    const { data } = await sharp(at("photos", "marked", "b.jpg"))
      .raw()
      .toBuffer({ resolveWithObject: true });
    let blue = 0;
    for (let i = 0; i < data.length; i += 3) if ((data[i] ?? 0) < 60 && (data[i + 2] ?? 0) > 120) blue++;
    expect(blue).toBeGreaterThan(300);
    printed.out = "";
    // The copies are in the scanned folder, but are not inputs.
    expect((await predicted(at("photos"), "--annotate", at("photos", "marked"))).code).toBe(2);
    expect(printed.err).toContain("is not empty");
    rmSync(at("photos", "marked"), { recursive: true });
  });
});

test("a photo with the longest name that a file may have is annotated, and so are those behind it", async () => {
  const photos = at("long");
  mkdirSync(photos);
  const long = `${"a".repeat(251)}.jpg`;
  for (const name of [long, "b.jpg"]) cpSync(at("photos", "b.jpg"), join(photos, name));
  const { predictions } = await predicted(photos, "--annotate", join(photos, "marked"));
  expect(predictions.map(({ annotated }) => basename(annotated ?? ""))).toEqual([
    `${"a".repeat(200)}.jpg`,
    "b.jpg",
  ]);
});

describe("as a library", () => {
  let loaded: Model;
  beforeAll(async () => {
    loaded = await loadModel(model, { threads: 1 });
  });
  afterAll(() => loaded.close());

  test("paths, bytes and pixels give the same; what cannot be read is a result", async () => {
    const file = at("photos", "a two.jpg");
    const [byPath, byBytes] = [await predict(loaded, file), await predict(loaded, readFileSync(file))];
    expect(byBytes.faces).toEqual(byPath.faces);
    expect((await predict(loaded, two)).faces).toHaveLength(2);
    expect(await predict(loaded, at("photos", "broken.jpg"))).toMatchObject({
      status: "unreadable",
      faces: [],
    });
    const many: string[] = [];
    for await (const { file: name, status } of predictFiles(loaded, [file, at("no.jpg")]))
      many.push(`${name} ${status}`);
    expect(many).toEqual([`${file} ok`, `${at("no.jpg")} unreadable`]);
  });

  test("detectFaces alone, without a classifier", async () => {
    expect(await detectFaces(two)).toHaveLength(2);
    const surer = { threshold: 0.999 };
    expect(await detectFaces(two, { detector: surer })).toEqual([]);
    expect((await detectFaces(two, { detector: "fast" })).length).toBeGreaterThan(0);
    const later = at("later.onnx");
    await expect(detectFaces(two, { detector: later })).rejects.toThrow("there is no face detector");
    cpSync(new URL("../dist/models/face_detector.onnx", import.meta.url), later);
    expect(await detectFaces(two, { detector: later })).toHaveLength(2);
    // A photo that is downscaled on reading: boxes and squares are in its original pixels.
    const large = composite(2600, 2000, [{ face, x: 1500, y: 1000, side: 700 }]);
    const [seen] = await detectFaces(large);
    for (const { x, y, width, height } of [seen?.box as Box, seen?.square as Box])
      expect(Math.hypot(x + width / 2 - 1500, y + height / 2 - 1000)).toBeLessThan(100);
    await expect(detectFaces(at("photos", "broken.jpg"))).rejects.toThrow("not an image");
    expect(existsSync(at("photos", "broken.jpg"))).toBe(true);
  });
});
