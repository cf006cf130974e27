/** The content of `<vultus-camera>`: the camera or the user's file, the faces in it, and their expressions. */

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { VultusCameraModel, VultusCameraPrediction, VultusCameraState } from "../../../src/element.ts";
import { labelOf } from "../../../src/predict/prediction.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import { CameraMuted, CameraNotice, reasonOf } from "../camera/camera-notice.tsx";
import { steady } from "../camera/history.ts";
import { Overlay } from "../camera/overlay.tsx";
import { Spoken } from "../camera/spoken.tsx";
import { type CameraState, useCamera } from "../camera/use-camera.ts";
import { useLive } from "../camera/use-live.ts";
import { Bars } from "../parts/bars.tsx";
import { type LoadedModel, modelSlot } from "./model-slot.ts";
import type { Settings } from "./settings.ts";
import { useStill } from "./use-still.ts";

/** The element's methods. */
export interface Commands {
  load(): Promise<VultusCameraModel>;
  start(): Promise<void>;
  stop(): void;
}

/** Receives the element's events. */
export interface Listener {
  state(state: VultusCameraState, reason: string | undefined): void;
  ready(model: VultusCameraModel): void;
  prediction(prediction: VultusCameraPrediction): void;
  error(message: string): void;
}

export interface PanelProps {
  readonly settings: Settings;
  /** Folder of the element's script, which may contain a model. */
  readonly home: string;
  readonly listener: Listener;
  /** Receives the commands before the first frame is drawn. */
  connect(commands: Commands): void;
}

/** Number of faces whose bars are shown. */
const MOST_FACES = 4;

export function Panel({ settings, home, listener, connect }: PanelProps) {
  const { model, prior, src, autostart, threshold, smooth, facing } = settings;
  const slot = useMemo(() => modelSlot(home), [home]);
  const camera = useCamera();
  const [loaded, setLoaded] = useState<LoadedModel>();
  const [loading, setLoading] = useState(false);
  const [failure, setFailure] = useState<string>();
  /** Whether the file at `src` is shown. */
  const [playing, setPlaying] = useState(false);
  /** The address whose image could not be loaded: it may be a video without a video's extension. */
  const [noImage, setNoImage] = useState<string>();
  const isVideo =
    src !== undefined && (src === noImage || /^data:video\/|\.(mp4|m4v|mov|ogv|webm)([?#]|$)/i.test(src));
  const image = useRef<HTMLImageElement>(null);
  const latest = useRef(settings);
  latest.current = settings;

  const fail = (message: string): void => {
    setFailure(message);
    listener.error(message);
  };

  const load = async (): Promise<VultusCameraModel> => {
    setFailure(undefined);
    setLoading(true);
    const wanted = latest.current;
    const isWanted = (): boolean =>
      wanted.model === latest.current.model && wanted.prior === latest.current.prior;
    try {
      const found = await slot.load(wanted);
      if (isWanted()) setLoaded(found);
      return found.model;
    } catch (error) {
      if (isWanted()) fail((error as Error).message);
      throw error;
    } finally {
      setLoading(false);
    }
  };

  const commands: Commands = {
    load,
    async start() {
      if (latest.current.src !== undefined) {
        setPlaying(true);
        await load();
        return;
      }
      const opening = camera.start({ facing: latest.current.facing });
      try {
        await load();
      } catch (error) {
        camera.stop();
        throw error;
      }
      const state = await opening;
      if (state.kind === "running") return;
      throw new DOMException(reasonOf(state) ?? "It was stopped before the camera was ready.", "AbortError");
    },
    stop() {
      setPlaying(false);
      camera.stop();
    },
  };
  const start = (): void => void commands.start().catch(() => {});

  useLayoutEffect(() => connect(commands));
  useEffect(() => () => slot.close(), [slot]);
  useLayoutEffect(() => {
    if (loaded) listener.ready(loaded.model);
  }, [loaded]);
  // Another model, or the same for another prior, replaces one that was loaded or is being loaded.
  useEffect(() => {
    if (loaded || loading) load().catch(() => {});
  }, [model, prior]);
  useEffect(() => {
    if (src === undefined) return;
    camera.stop();
    start();
    return () => setPlaying(false);
  }, [src]);
  useEffect(() => {
    if (src === undefined) return;
    if (playing) camera.video.current?.play().catch(() => {});
    else camera.video.current?.pause();
  }, [playing, src, isVideo]);
  useEffect(() => {
    if (autostart && src === undefined) start();
  }, [autostart, src === undefined, facing]);

  const isImage = src !== undefined && !isVideo;
  const running =
    loaded !== undefined &&
    failure === undefined &&
    (src === undefined ? camera.state.kind === "running" : playing);
  const models = useMemo(() => (loaded ? [loaded.info] : []), [loaded]);
  const live = useLive(loaded?.recogniser, {
    video: camera.video,
    models,
    on: running && !isImage && !camera.muted,
    smooth,
  });
  const still = useStill(loaded, { image, on: running && isImage, onFailure: fail });
  const { width, height } = isImage ? still : live;
  const mirrored = src === undefined && facing === "user";

  const state = stateOf(running, failure, loading, src === undefined ? camera.state : undefined);
  const reason = failure ?? reasonOf(camera.state);
  useLayoutEffect(() => listener.state(state, reason), [state, reason]);
  useEffect(() => {
    if (live.error !== undefined) listener.error(live.error);
  }, [live.error]);

  const named = (faces: readonly TrackedFace[]): readonly TrackedFace[] =>
    faces.map((face) => ({ ...face, label: labelOf(face.probabilities, threshold) }));
  const moment = live.history.at(-1);
  const { framesPerSecond } = live;
  useLayoutEffect(() => {
    if (!running || isImage || !moment) return;
    const { time, models: answers } = moment;
    const faces = named(answers[0]?.faces ?? []);
    listener.prediction({ time, width, height, faces, framesPerSecond });
  }, [moment]);
  useLayoutEffect(() => {
    if (!still.faces) return;
    listener.prediction({ time: 0, width, height, faces: named(still.faces), framesPerSecond: 0 });
  }, [still.faces]);

  const shown = isImage ? (still.faces ?? []) : (steady(live.history).models[0]?.faces ?? []);
  const faces = running && !camera.muted ? shown : [];
  return (
    <div class="element">
      <div class={running ? "stage running" : "stage"} part="stage">
        {isImage ? (
          <img
            ref={image}
            part="media"
            src={src}
            crossOrigin="anonymous"
            alt={`${faces.length} ${faces.length === 1 ? "face" : "faces"}`}
            onLoad={still.look}
            onError={() => setNoImage(src)}
          />
        ) : (
          <video
            ref={camera.video}
            part="media"
            class={mirrored ? "mirrored" : ""}
            src={src}
            crossOrigin="anonymous"
            loop
            muted
            playsInline
            aria-label={src === undefined ? "What the camera sees" : "The video"}
            onError={() =>
              src !== undefined && fail(`${src} is not an image or a video that can be loaded here`)
            }
          />
        )}
        {running ? (
          <>
            <Overlay faces={faces} width={width} height={height} mirrored={mirrored} threshold={threshold} />
            {camera.muted && <CameraMuted />}
          </>
        ) : state === "loading" ? (
          <div class="notice" part="notice" role="status">
            <p>Loading the model …</p>
          </div>
        ) : src !== undefined && failure === undefined ? (
          <div class="notice" part="notice">
            <button class="button primary" part="start" type="button" onClick={start}>
              Start
            </button>
          </div>
        ) : (
          <CameraNotice
            state={failure === undefined ? camera.state : { kind: "failed", reason: failure }}
            ready
            onStart={start}
          />
        )}
      </div>
      {running && !isImage && (
        <div class="controls">
          <button class="button" part="stop" type="button" onClick={commands.stop}>
            Stop
          </button>
        </div>
      )}
      {running && (
        <div class="live-faces" part="faces">
          {faces.length === 0 && !camera.muted && <p class="muted">No face in the image.</p>}
          {faces.slice(0, MOST_FACES).map(({ track, probabilities }) => (
            <div key={track} part="bars">
              <Bars
                probabilities={probabilities}
                label={labelOf(probabilities, threshold)}
                heading={faces.length > 1 ? `Face ${track}` : undefined}
              />
            </div>
          ))}
        </div>
      )}
      {live.error !== undefined && (
        <p class="error" role="alert">
          {live.error}
        </p>
      )}
      <Spoken faces={faces} threshold={threshold} on={running} />
    </div>
  );
}

function stateOf(
  running: boolean,
  failure: string | undefined,
  loading: boolean,
  camera: CameraState | undefined,
): VultusCameraState {
  if (running) return "running";
  if (failure !== undefined) return "failed";
  if (!camera) return loading ? "loading" : "off";
  if (camera.kind === "running" || (camera.kind === "off" && loading)) return "loading";
  return camera.kind;
}
