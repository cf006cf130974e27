/** The contact sheet of a data set: random images of each class, as stored and as augmented for training. */

import { referenceAugmentation } from "../augment/settings.ts";
import { buildTraining, type Draw, drawTraining, packDraws, placedForDraw } from "../augment/training.ts";
import { canvasOf, packPictures } from "../data/canvas.ts";
import type { Dataset, Picture } from "../data/dataset.ts";
import { readPicture } from "../data/decode.node.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { contactSheetPng } from "../report/contact-sheet.ts";
import { openSession } from "../runtime/session.node.ts";
import { random, shuffled } from "../util/random.ts";

/** Images per class, and the side in pixels at which they are shown. */
const SHOWN = 5;
const SIDE = 96;

export async function contactSheet(dataset: Dataset): Promise<Buffer> {
  const rows = [];
  for (const [label, name] of dataset.classes.entries()) {
    const own = dataset.samples.filter((sample) => sample.label === label);
    const raw: Picture[] = [];
    for (const sample of shuffled(own, random("contact sheet", name))) {
      if (raw.length === SHOWN) break;
      const picture = await readPicture(sample.source, { maxSide: SIDE * 2 }).catch(() => undefined);
      if (picture) raw.push(picture);
    }
    const augmented = raw.length > 0 ? await augment(raw) : [];
    rows.push({ label: name, count: own.length, raw, augmented });
  }
  return contactSheetPng(rows);
}

/** Augments the images as the reference recipe does, with the graph that training uses. */
async function augment(pictures: readonly Picture[]): Promise<Picture[]> {
  const settings = referenceAugmentation;
  const canvas = canvasOf(pictures, SIDE);
  const { channels } = canvas;
  const plain = { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) };
  const graph = new Graph();
  graph.output("x", buildTraining(graph, settings, { batch: pictures.length, canvas, size: SIDE, ...plain }));
  const session = await openSession(encode(graph, "augment"), { device: "cpu", threads: 1 });
  const draws = pictures.map((picture, i) => drawTraining(settings, ["contact sheet", i], picture, SIDE));
  const onCanvas = pictures.map((picture, i) => placedForDraw(picture, draws[i] as Draw, canvas));
  const feeds = { pictures: packPictures(onCanvas, canvas), ...packDraws(settings, draws, onCanvas, canvas) };
  const values = (await session.run(feeds)).x?.data as Float32Array;
  await session.release();
  const plane = SIDE * SIDE;
  return pictures.map((_, n) => {
    const pixels = new Uint8Array(plane * channels);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < plane; i++)
        pixels[i * channels + c] = Math.round(255 * (values[(n * channels + c) * plane + i] as number));
    }
    return { pixels, width: SIDE, height: SIDE, channels };
  });
}
