/**
 * Compares our face detector with face-api.js's larger one, on the same decoded photos in one run, in alternating turns.
 *
 * `(cd bench/peers && npm ci) && npm run build && node --import tsx bench/peers/detectors.ts PHOTOS [rounds]`; PHOTOS holds
 * images and `faces.json` as for bench/detector.ts. Medians over the rounds of the mean milliseconds per photo.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeFitted } from "../../src/data/decode.node.ts";
import { MOST_PHOTO_PIXELS } from "../../src/data/photo-size.ts";
import { type Box, overlapOf } from "../../src/predict/boxes.ts";
import { openDetector } from "../../src/predict/onnx-detector.ts";
import { loadDetector } from "../../src/predict/shipped-detector.node.ts";
import { startEngine } from "../../src/runtime/engine.node.ts";
import { median } from "../turns.ts";
import { loadFaceApi, startTensorFlow, tensorOf } from "./face-api.ts";

/** Minimum intersection over union of a box with the reference box. */
const LEAST = 0.35;

const [folder, rounds = "3"] = process.argv.slice(2);
if (!folder) throw new Error("name a folder of photos with faces.json");
const { faces: reference } = JSON.parse(readFileSync(join(folder, "faces.json"), "utf8")) as {
  faces: Record<string, [number, number, number, number, number][]>;
};
const photos = await Promise.all(
  Object.entries(reference).map(async ([file, rows]) => ({
    picture: (await decodeFitted(readFileSync(join(folder, file)), MOST_PHOTO_PIXELS)).picture,
    wanted: rows.map(([x, y, width, height]): Box => ({ x, y, width, height })),
  })),
);

type Photo = (typeof photos)[number];
const engine = startEngine({ device: "cpu", threads: 2, spinning: false });
const [thorough, fast] = [
  await openDetector(engine, await loadDetector("thorough")),
  await openDetector(engine, await loadDetector("fast")),
];
const tf = await startTensorFlow();
const faceApi = await loadFaceApi(["ssdMobilenetv1"]);
const usual = new faceApi.SsdMobilenetv1Options({ minConfidence: 0.5 });
const peers: Record<string, (photo: Photo) => Promise<readonly Box[]>> = {
  "ours, thorough": async ({ picture }) => (await thorough.detect(picture)).map(({ box }) => box),
  "ours, fast": async ({ picture }) => (await fast.detect(picture)).map(({ box }) => box),
  "face-api.js, SSD": async ({ picture }) => {
    const tensor = tensorOf(tf, picture);
    const found = await faceApi.nets.ssdMobilenetv1.locateFaces(tensor, usual);
    tensor.dispose();
    return found.map(({ box: { x, y, width, height } }) => ({ x, y, width, height }));
  },
};
const times = new Map<string, number[]>(Object.keys(peers).map((name) => [name, []]));
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, find] of Object.entries(peers)) {
    let [found, extra, milliseconds] = [0, 0, 0];
    for (const photo of photos) {
      const started = performance.now();
      const boxes = [...(await find(photo))];
      milliseconds += performance.now() - started;
      for (const box of photo.wanted) {
        const overlaps = boxes.map((other) => overlapOf(other, box));
        const best = overlaps.indexOf(Math.max(...overlaps));
        if (best < 0 || (overlaps[best] as number) < LEAST) continue;
        found++;
        boxes.splice(best, 1);
      }
      extra += boxes.length;
    }
    // The first round is a warm-up.
    if (round > 0) times.get(name)?.push(milliseconds / photos.length);
    if (round === Number(rounds))
      console.log(
        `${name}: ${median(times.get(name) ?? [])?.toFixed(0)} ms a photo, ${found} found, ${extra} extra`,
      );
  }
}
await engine.close();
process.exit(0);
