/**
 * Compares ours with what a TypeScript user can install for expressions, on the same cropped faces in one run: faces per second
 * and accuracy on FER2013's validation images, six classes.
 *
 * `(cd bench/peers && npm ci) && npm run build && node --import tsx bench/peers/peers.ts MODELS [faces per class, or all]
 * [rounds]`, models separated by commas. FER2013's images are in VULTUS_FER2013 (/tmp/fer/images).
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Picture } from "../../src/data/dataset.ts";
import { loadBundle } from "../../src/program/read-bundle.node.ts";
import { startEngine } from "../../src/runtime/engine.node.ts";
import { labelledFaces } from "../../test/support/fer2013.ts";
import { labelsOf } from "../../test/support/labels.ts";
import { loadFaceApi, startTensorFlow, tensorOf } from "./face-api.ts";

const BATCH = 64;

/** Names the expression of each face of a batch. */
interface Peer {
  readonly name: string;
  label(faces: readonly Picture[]): Promise<readonly string[]>;
}

const [models, perClass = "all", rounds = "3"] = process.argv.slice(2);
if (!models) throw new Error("name models: run folders, or exported files");
const faces = await labelledFaces(perClass === "all" ? undefined : Number(perClass));
const tf = await startTensorFlow();
const peers: Peer[] = [...(await Promise.all(models.split(",").map(ours))), await faceApi(), await human()];
const seconds = new Map<string, number[]>(peers.map(({ name }) => [name, []]));
const right = new Map<string, number>();
for (let round = 0; round < Number(rounds); round++) {
  for (const { name, label } of peers) {
    await label(faces.slice(0, BATCH).map(({ picture }) => picture));
    const started = performance.now();
    let correct = 0;
    for (let start = 0; start < faces.length; start += BATCH) {
      const batch = faces.slice(start, start + BATCH);
      const labels = await label(batch.map(({ picture }) => picture));
      correct += batch.filter((face, i) => face.label === labels[i]).length;
    }
    seconds.get(name)?.push((performance.now() - started) / 1000);
    right.set(name, correct);
  }
}
const rows = peers.map(({ name }) => {
  const times = [...(seconds.get(name) ?? [])].sort((a, b) => a - b);
  return {
    name,
    faces: faces.length,
    accuracy: (right.get(name) ?? 0) / faces.length,
    facesPerSecond: faces.length / (times[Math.floor(times.length / 2)] ?? Number.NaN),
  };
});
console.log(JSON.stringify(rows, null, 1));
process.exit(0);

async function ours(path: string): Promise<Peer> {
  const bundle = loadBundle(path);
  const open = await startEngine({ device: "cpu", threads: 2 }).open(bundle.program);
  return { name: path, label: (pictures) => labelsOf(open, bundle, pictures) };
}

async function faceApi(): Promise<Peer> {
  const { nets } = await loadFaceApi(["faceExpressionNet"]);
  const names: Readonly<Record<string, string>> = {
    angry: "angry",
    fearful: "fear",
    happy: "happy",
    neutral: "neutral",
    sad: "sad",
    surprised: "surprise",
  };
  return {
    name: "face-api.js",
    async label(pictures) {
      const tensors = pictures.map((picture) => tensorOf(tf, picture));
      const answers = await nets.faceExpressionNet.predictExpressions(tensors);
      for (const tensor of tensors) tensor.dispose();
      return answers.map(
        (answer) =>
          names[
            best(
              Object.keys(names).map((name) => answer[name] ?? 0),
              Object.keys(names),
            )
          ] as string,
      );
    },
  };
}

/** Human's emotion model, with the preprocessing of its `src/gear/emotion.ts`: 64 px, grey, from -1 to 1. */
async function human(): Promise<Peer> {
  const folder = fileURLToPath(new URL("node_modules/@vladmandic/human/models", import.meta.url));
  const described = JSON.parse(readFileSync(join(folder, "emotion.json"), "utf8")) as {
    modelTopology: object;
    weightsManifest: { paths: string[]; weights: object[] }[];
  };
  const bytes = readFileSync(join(folder, "emotion.bin"));
  const graph = await tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology: described.modelTopology,
      weightSpecs: described.weightsManifest.flatMap(({ weights }) => weights),
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    }),
  );
  const names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
  return {
    name: "Human (mini-XCEPTION)",
    async label(pictures) {
      const { width, height } = pictures[0] as Picture;
      const grey = new Float32Array(pictures.length * width * height);
      for (const [n, { pixels, channels }] of pictures.entries())
        for (let i = 0; i < width * height; i++)
          grey[n * width * height + i] = ((pixels[i * channels] as number) / 255 - 0.5) * 2;
      const x = tf.tensor4d(grey, [pictures.length, height, width, 1]);
      const sized = tf.image.resizeBilinear(x, [64, 64], false);
      const answer = graph.execute(sized);
      const shares = await answer.data();
      for (const tensor of [x, sized, answer]) tensor.dispose();
      return pictures.map((_, n) => {
        const row = shares.slice(n * names.length, (n + 1) * names.length);
        row[1] = 0; // Disgust is not one of the six classes.
        return best(row, names);
      });
    },
  };
}

function best(shares: ArrayLike<number>, names: readonly string[]): string {
  const row = Array.from(shares);
  return names[row.indexOf(Math.max(...row))] as string;
}
