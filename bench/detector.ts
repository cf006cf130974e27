/**
 * Faces found in photos with reference boxes: their number by size, false detections, the time taken, and contact sheets for
 * inspection.
 *
 * `npm run build && node --import tsx bench/detector.ts PHOTOS [--search fast|thorough] [--sheets FOLDER] [--press FOLDER]`;
 * PHOTOS holds images and `faces.json`, whose `faces` has, by file name, rows of x, y, width, height and score in pixels of the
 * upright photo. `--press` names a folder of photos with one face each: the share in which a face is found.
 */

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import type { Picture } from "../src/data/dataset.ts";
import { decodeFitted } from "../src/data/decode.node.ts";
import { MOST_PHOTO_PIXELS } from "../src/data/photo-size.ts";
import { type Box, type DetectedFace, overlapOf } from "../src/predict/boxes.ts";
import { openDetector } from "../src/predict/onnx-detector.ts";
import { loadDetector } from "../src/predict/shipped-detector.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";

/** Minimum intersection over union of a box with the reference box. */
const LEAST = 0.35;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { search: { type: "string" }, sheets: { type: "string" }, press: { type: "string" } },
});
const [photos] = positionals;
if (!photos) throw new Error("name a folder of photos with faces.json");
const { faces: reference } = JSON.parse(readFileSync(join(photos, "faces.json"), "utf8")) as {
  faces: Record<string, [number, number, number, number, number][]>;
};
const engine = startEngine({ device: "cpu", threads: 2, spinning: false });
const detector = await openDetector(
  engine,
  await loadDetector(undefined, values.search ? { search: values.search as "fast" } : {}),
);

const sizes = [0, 24, 48, 96, 1e9];
const bySize = sizes.slice(1).map(() => ({ found: 0, all: 0 }));
let [extra, milliseconds] = [0, 0];
for (const [file, rows] of Object.entries(reference)) {
  const photo = (await decodeFitted(readFileSync(join(photos, file)), MOST_PHOTO_PIXELS)).picture;
  const started = performance.now();
  const found = await detector.detect(photo);
  milliseconds += performance.now() - started;
  const boxes = rows.map(([x, y, width, height]): Box => ({ x, y, width, height }));
  const { missed, others } = matched(found, boxes);
  for (const box of boxes) {
    const side = Math.sqrt(box.width * box.height);
    const group = bySize[sizes.findIndex((limit) => side < limit) - 1];
    if (!group) continue;
    group.all++;
    if (!missed.includes(box)) group.found++;
  }
  extra += others.length;
  for (const box of missed) console.log(`${file}: missed ${shown(box)}`);
  for (const { box, score } of others) console.log(`${file}: extra ${shown(box)}, score ${score.toFixed(2)}`);
  if (values.sheets) await sheet(values.sheets, file, photo, found, missed);
}
const total = bySize.reduce((sum, { found, all }) => ({ found: sum.found + found, all: sum.all + all }));
for (const [i, { found, all }] of bySize.entries())
  console.log(`${sizes[i]} to ${sizes[i + 1]} px: ${found} of ${all}`);
console.log(
  `${total.found} of ${total.all} (${((100 * total.found) / total.all).toFixed(1)} %), ${extra} extra, ` +
    `${(milliseconds / Object.keys(reference).length).toFixed(0)} ms a photo`,
);
if (values.press) await press(values.press);
await engine.close();

/** Matches each reference box with the found box that overlaps it most. */
function matched(
  found: readonly DetectedFace[],
  boxes: readonly Box[],
): { missed: Box[]; others: DetectedFace[] } {
  const others = [...found];
  const missed = boxes.filter((box) => {
    const best = others.reduce(
      (most, { box: other }, i) =>
        overlapOf(other, box) > most.overlap ? { overlap: overlapOf(other, box), i } : most,
      { overlap: 0, i: -1 },
    );
    if (best.overlap >= LEAST) others.splice(best.i, 1);
    return best.overlap < LEAST;
  });
  return { missed, others };
}

function shown({ x, y, width, height }: Box): string {
  return `${[x, y].map(Math.round).join(", ")}, ${[width, height].map(Math.round).join(" × ")} px`;
}

/** Draws the photo with found boxes in green and missed ones in red. */
async function sheet(
  folder: string,
  file: string,
  { pixels, width, height, channels }: Picture,
  found: readonly DetectedFace[],
  missed: readonly Box[],
): Promise<void> {
  const line = Math.max(1, Math.round(Math.max(width, height) / 400));
  const rect = ({ x, y, width: w, height: h }: Box, colour: string): string =>
    `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="none" stroke="${colour}" stroke-width="${line}"/>`;
  const text = ({ box: { x, y }, score, tilt = 0 }: DetectedFace): string =>
    `<text x="${x}" y="${y - 2}" fill="yellow" font-size="${6 * line}">${score.toFixed(2)} ${tilt.toFixed(0)}°</text>`;
  const marks = [
    ...found.map((face) => rect(face.box, "lime") + text(face)),
    ...missed.map((box) => rect(box, "red")),
  ];
  mkdirSync(folder, { recursive: true });
  await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .composite([{ input: Buffer.from(`<svg width="${width}" height="${height}">${marks.join("")}</svg>`) }])
    .jpeg()
    .toBuffer()
    .then((jpeg) => sharp(jpeg).resize(1024, 1024, { fit: "inside" }).toFile(join(folder, file)));
}

async function press(folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.(jpe?g|png)$/i.test(name));
  const none: string[] = [];
  let several = 0;
  for (const file of files) {
    const found = await detector.detect(
      (await decodeFitted(readFileSync(join(folder, file)), MOST_PHOTO_PIXELS)).picture,
    );
    if (found.length === 0) none.push(file);
    if (found.length > 1) several++;
  }
  console.log(
    `${files.length - none.length} of ${files.length} press photos have a face, ${several} several`,
  );
  for (const file of none) console.log(`none: ${file}`);
}
