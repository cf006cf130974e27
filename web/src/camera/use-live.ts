/** Faces in the camera's image, frame by frame: as fast as the worker responds, without a queue of frames. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { faceTracker } from "../../../src/predict/tracking.ts";
import type { ModelInfo, Stages } from "../recogniser/protocol.ts";
import { type Recogniser, WorkerLost } from "../recogniser/recogniser.ts";
import { type Moment, withMoment } from "./history.ts";

/** Default seconds over which probabilities are smoothed, and for which a lost face keeps its identity. */
const SMOOTH = 0.4;
const PATIENCE = 2;

/** Number of frames over which speed is averaged. */
const COUNTED = 20;

export interface Live {
  readonly history: readonly Moment[];
  /** Size of the camera's image, the coordinate system of the boxes. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  /** Means over the last frames. */
  readonly milliseconds: Stages;
  readonly error: string | undefined;
}

const nothing: Live = {
  history: [],
  width: 640,
  height: 480,
  framesPerSecond: 0,
  milliseconds: { read: 0, detect: 0, classify: 0 },
  error: undefined,
};

export interface LiveOptions {
  readonly video: RefObject<HTMLVideoElement>;
  readonly models: readonly ModelInfo[];
  /** Frames are analysed while this is true. */
  readonly on: boolean;
  /** Seconds over which probabilities are smoothed. */
  readonly smooth?: number;
}

/** `recogniser` may be missing while there are no models. */
export function useLive(
  recogniser: Recogniser | undefined,
  { video, models, on, smooth = SMOOTH }: LiveOptions,
): Live {
  const [live, setLive] = useState(nothing);
  const started = useRef<number>();
  const trackers = useRef(new Map<number, { smooth: number; follow: ReturnType<typeof faceTracker> }>());
  const ids = models.map(({ id }) => id).join();

  useEffect(() => {
    if (!on || ids === "" || !recogniser) return;
    const current = { stopped: false };
    void run(recogniser, current);
    return () => {
      current.stopped = true;
      setLive((before) => ({ ...before, error: undefined }));
    };
  }, [on, ids, recogniser, smooth]);

  async function run(recogniser: Recogniser, current: { stopped: boolean }): Promise<void> {
    const times: number[] = [];
    while (!current.stopped && video.current) {
      await nextFrame(video.current);
      if (current.stopped) return;
      let photo: ImageBitmap | undefined;
      try {
        photo = await createImageBitmap(video.current);
        const taken = performance.now() / 1000;
        started.current ??= taken;
        const {
          width,
          height,
          models: answers,
          milliseconds,
        } = await recogniser.examine({
          photo,
          name: "camera",
          faces: "live",
        });
        if (current.stopped) return;
        const time = taken - started.current;
        const now = performance.now() / 1000;
        times.push(now);
        if (times.length > COUNTED) times.shift();
        const tracked = answers
          .filter((answer) => answer.error === undefined)
          .map(({ model, faces }) => ({ model, faces: trackerOf(model)(time, faces) }));
        setLive((before) => ({
          history: withMoment(before.history, { time, models: alike(tracked) }),
          width,
          height,
          framesPerSecond: times.length > 1 ? (times.length - 1) / (now - (times[0] as number)) : 0,
          milliseconds: blended(before.milliseconds, milliseconds),
          error: answers.find((answer) => answer.error !== undefined)?.error,
        }));
      } catch (error) {
        if (current.stopped) return;
        const { message } = error as Error;
        setLive((before) => ({ ...before, error: message }));
        if (error instanceof WorkerLost) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      } finally {
        // In case the worker never received it.
        photo?.close();
      }
    }
  }

  function trackerOf(model: number): ReturnType<typeof faceTracker> {
    let kept = trackers.current.get(model);
    if (kept?.smooth !== smooth) {
      kept = { smooth, follow: faceTracker({ smooth, patience: PATIENCE, threshold: 0 }) };
      trackers.current.set(model, kept);
    }
    return kept.follow;
  }
  return live;
}

/** Numbers are shared: all models see the same faces, but a model that was added later started counting later. */
function alike(models: Moment["models"]): Moment["models"] {
  return models.map(({ model, faces }) => ({
    model,
    faces: faces.map((face, i) => ({ ...face, track: models[0]?.faces[i]?.track ?? face.track })),
  }));
}

/** Resolves when the video shows a new frame. */
export function nextFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(() => resolve());
    else requestAnimationFrame(() => resolve());
  });
}

/** Gives the new value a weight of a tenth, so that the numbers are readable. */
function blended(before: Stages, now: Stages): Stages {
  const of = (stage: keyof Stages): number =>
    before[stage] === 0 ? now[stage] : 0.9 * before[stage] + 0.1 * now[stage];
  return { read: of("read"), detect: of("detect"), classify: of("classify") };
}
