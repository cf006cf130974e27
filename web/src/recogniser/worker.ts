/** The worker: it holds the models, and does all computations. */

import webgpuUrl from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { readWebPhoto, type WebReadPhoto } from "../../../src/data/photo.web.ts";
import { overlapOf, scaled } from "../../../src/predict/boxes.ts";
import type { FaceDetector } from "../../../src/predict/face-detector.ts";
import {
  chooseDevice,
  fetchBundle,
  fetchDetector,
  loadModel,
  openModel,
  type WebModel,
} from "../../../src/predict/model.web.ts";
import { type DetectorModel, openDetector, openLiveDetector } from "../../../src/predict/onnx-detector.ts";
import { predictPhotos } from "../../../src/predict/predictor.ts";
import { shiftedPriorOf, withPrior } from "../../../src/program/bundle-prior.ts";
import { webEngine } from "../../../src/runtime/engine.web.ts";
import { threadsHere, useWasmFiles } from "../../../src/runtime/session.web.ts";
import { sharedPrograms } from "../../../src/runtime/shared-programs.ts";
import { messageOf, VultusError } from "../../../src/util/errors.ts";
import { isFromElsewhere } from "../../../src/util/origin.ts";
import { priorsIn } from "../../../src/weights/classifier-file.ts";
import type {
  Answer,
  Calls,
  Examination,
  ExamineRequest,
  ExplainRequest,
  Kind,
  ModelInfo,
  ModelToLoad,
  Question,
} from "./protocol.ts";

if (isFromElsewhere(import.meta.url)) useWasmFiles({ wasm: wasmUrl, webgpu: webgpuUrl });

type Way = Exclude<NonNullable<ExamineRequest["faces"]>, "whole">;

/** The detector shared by all models. */
let detectors: Readonly<Record<Way, FaceDetector>> | undefined;
let device: WebModel["device"] | "auto" = "auto";
/** Each with the request that loaded it. */
const models = new Map<number, { readonly model: WebModel; readonly asked: ModelToLoad }>();
let loaded = 0;

type Handlers = { readonly [K in Kind]: (ask: Calls[K]["ask"]) => Promise<Calls[K]["answer"]> };

const handlers: Handlers = {
  async start({ model, detector }) {
    const [read, found] = await Promise.all([fetchBundle(model.source), fetchDetector(detector)]);
    const bundle = withPrior(read, model.prior);
    device = await chooseDevice(bundle, found);
    const first = await openModel(bundle, webEngine(device), device);
    detectors = await openDetectors(found, device);
    const files = performance.getEntriesByType("resource").map(({ name }) => name);
    return { model: kept(first, model), device, threads: await threadsHere(), files };
  },
  async add(model) {
    // On WebGPU each model is compared with the CPU, since each has operations of its own.
    const options = { device: device === "cpu" ? "cpu" : "auto", prior: model.prior } as const;
    return kept(await loadModel(model.source, options), model);
  },
  async prior({ model: id, prior }) {
    const { model, asked } = loadedModel(id);
    const bundle = withPrior(unshifted(model), prior ?? asked.prior);
    models.delete(id);
    return kept({ ...model, bundle, classifier: { ...model.classifier, bundle } }, asked);
  },
  async remove({ model: id }) {
    const { classifier } = loadedModel(id).model;
    models.delete(id);
    await classifier.open.release();
  },
  examine,
  async cut({ photo, name, faces, model }) {
    const { cutLargestFace } = await import("../teach/cut.ts");
    const detector = faces === "whole" ? undefined : detectors?.[faces];
    return cutLargestFace(
      await readOnce(photo, name),
      detector,
      loadedModel(model).model.bundle.architecture,
    );
  },
  explain,
};

/** Every way to search for faces, with the same networks. */
async function openDetectors(
  found: DetectorModel,
  on: WebModel["device"],
): Promise<Readonly<Record<Way, FaceDetector>>> {
  const engine = sharedPrograms(webEngine(on));
  const turned: DetectorModel = { ...found, settings: { ...found.settings, rotate: "auto" } };
  return {
    still: await openDetector(engine, found),
    turned: await openDetector(engine, turned),
    live: await openLiveDetector(engine, found),
  };
}

/** @throws VultusError if the image cannot be read, and for no other reason. */
async function examine({ photo, name, faces = "still" }: ExamineRequest): Promise<Examination> {
  const clock = stopwatch();
  const read = await readOnce(photo, name);
  const readTime = clock();
  const found = faces === "whole" ? undefined : detectors?.[faces].detect(read.picture);
  // Faces are detected once, whatever the number of models. If that fails, every model's result is the reason.
  const known = found && { detect: () => found, release: () => Promise.resolve() };
  await found?.catch(() => {});
  const detectTime = clock();
  const answers: Examination["models"][number][] = [];
  for (const [id, { model }] of models) {
    try {
      for await (const { prediction } of predictPhotos([read], model.classifier, known)) {
        const { faces, prior } = prediction;
        answers.push({ model: id, faces, ...(prior && { prior }) });
      }
    } catch (error) {
      answers.push({ model: id, faces: [], error: messageOf(error) });
    }
  }
  const { width, height } = read;
  return {
    width,
    height,
    models: answers,
    milliseconds: { read: readTime, detect: detectTime, classify: clock() },
  };
}

/** Reads a photo, and closes it if it was transferred. */
function readOnce(photo: Blob | ImageBitmap, name: string): Promise<WebReadPhoto> {
  return readWebPhoto(photo, name).finally(() => {
    if (photo instanceof ImageBitmap) photo.close();
  });
}

async function explain({ photo, model: id, box, faces = "still" }: ExplainRequest) {
  const { explainFace } = await import("./explain.ts");
  const { picture, width } = await readWebPhoto(photo);
  const { model } = loadedModel(id);
  if (!box) return explainFace(model, picture);
  // The detector knows the tilt of the face, which its result does not include.
  const asked = scaled(box, picture.width / width);
  const found = (await detectors?.[faces].detect(picture)) ?? [];
  const face = found.find((other) => overlapOf(other.box, asked) > 0.9);
  return explainFace(model, picture, face ?? { box: asked });
}

function kept(model: WebModel, asked: ModelToLoad): ModelInfo {
  const { source, name, prior } = asked;
  const { classes, inputSize } = model.bundle.architecture;
  const file = typeof source === "string" ? fileOf(source) : source.name;
  const id = ++loaded;
  models.set(id, { model, asked });
  return {
    id,
    name: name ?? file.replace(/\.onnx$/i, ""),
    ...(typeof source === "string" ? { address: source } : { file: source }),
    classes,
    inputSize,
    ...priorOf(model, prior),
  };
}

/** The unchanged bundle of the file, with its own prior. */
function unshifted({ bundle }: WebModel): WebModel["bundle"] {
  const { shift: _, ...own } = bundle;
  return own;
}

function priorOf(model: WebModel, prior: ModelToLoad["prior"]): Pick<ModelInfo, "prior"> {
  const own = unshifted(model);
  const { trainedPrior } = priorsIn(own.metadata, own.path);
  // A class that was missing in training cannot be given a share.
  if (!trainedPrior?.every((share) => share > 0)) return {};
  return { prior: shiftedPriorOf(withPrior(own, prior)) ? "other" : "trained" };
}

/** The file name in an address, decoded; unchanged if its encoding is invalid. */
function fileOf(address: string): string {
  const file = new URL(address).pathname.split("/").at(-1) as string;
  try {
    return decodeURIComponent(file);
  } catch {
    return file;
  }
}

function loadedModel(id: number): { readonly model: WebModel; readonly asked: ModelToLoad } {
  const model = models.get(id);
  if (!model) throw new VultusError(`model ${id} is not loaded`);
  return model;
}

/** Milliseconds since the previous call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const passed = now - last;
    last = now;
    return passed;
  };
}

// One request at a time, in order.
let turn: Promise<void> = Promise.resolve();
self.addEventListener("message", ({ data }: MessageEvent<Question>) => {
  turn = turn.then(async () => {
    let message: Answer;
    try {
      const handler = handlers[data.kind] as (ask: Question["ask"]) => Promise<Calls[Kind]["answer"]>;
      message = { id: data.id, answer: await handler(data.ask) };
    } catch (error) {
      message = { id: data.id, error: messageOf(error) };
    }
    self.postMessage(message);
  });
});
