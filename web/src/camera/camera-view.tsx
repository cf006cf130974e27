/** The camera view: live faces, their bars, the last minute, and the speed. */

import { useState } from "preact/hooks";
import { labelOf } from "../../../src/predict/prediction.ts";
import { letterOf } from "../models/model-bar.tsx";
import { Bars } from "../parts/bars.tsx";
import { download } from "../parts/download.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";
import { CameraChoice } from "./camera-choice.tsx";
import { CameraMuted, CameraNotice } from "./camera-notice.tsx";
import { facesOf, type Moment, sightingsOf, steady, timelineCsv, tracksOf } from "./history.ts";
import { Overlay } from "./overlay.tsx";
import { snapshot } from "./snapshot.ts";
import { Spoken } from "./spoken.tsx";
import { Timeline } from "./timeline.tsx";
import { useCamera } from "./use-camera.ts";
import { useCameraFocus } from "./use-camera-focus.ts";
import { type Live, useLive } from "./use-live.ts";

export interface CameraViewProps {
  readonly recogniser: Recogniser;
  readonly models: readonly ModelInfo[];
  readonly threshold: number;
}

/** Number of faces whose bars are shown, and which the timeline offers. */
const MOST_FACES = 4;

export function CameraView({ recogniser, models, threshold }: CameraViewProps) {
  const camera = useCamera();
  const { state, muted, video } = camera;
  const [paused, setPaused] = useState(false);
  const running = state.kind === "running";
  const live = useLive(recogniser, { video, models, on: running && !paused && !muted });
  const { history } = live;
  const latest = steady(history);
  const faces = running && !muted ? (latest.models[0]?.faces ?? []) : [];
  const mirrored = true;
  const pause = (): void => {
    if (paused) void video.current?.play();
    else video.current?.pause();
    setPaused(!paused);
  };
  const view = useCameraFocus(state);
  const begin = (deviceId?: string): void => {
    setPaused(false);
    void camera.start({ deviceId });
  };
  const save = async (): Promise<void> => {
    if (video.current)
      download("vultus.png", await snapshot(video.current, { faces, mirrored, threshold }), "image/png");
  };
  return (
    <>
      <h2 class="visually-hidden">Camera</h2>
      <div
        ref={view}
        class={history.length > 0 || running ? "camera live" : "camera"}
        role="group"
        aria-label="Camera"
        tabIndex={-1}
      >
        <div class={running ? "stage running" : "stage"}>
          <video ref={video} class="mirrored" muted playsInline aria-label="What the camera sees" />
          {running ? (
            <>
              <Overlay {...live} faces={faces} mirrored={mirrored} threshold={threshold} />
              {muted && <CameraMuted />}
            </>
          ) : (
            <CameraNotice state={state} ready={models.length > 0} onStart={() => begin()} />
          )}
        </div>
        <div class="controls">
          {running && (
            <>
              <button class="button" type="button" onClick={pause}>
                {paused ? "Continue" : "Pause"}
              </button>
              <button class="button" type="button" onClick={() => void save()}>
                Snapshot
              </button>
              <button class="button" type="button" onClick={camera.stop}>
                Stop
              </button>
              <CameraChoice camera={camera} onChoose={begin} />
              <Speed live={live} />
            </>
          )}
        </div>
        <section class="live-faces" aria-label="Faces">
          {running && !muted && faces.length === 0 && live.error === undefined && (
            <p class="muted panel">No face in the image.</p>
          )}
          {faces.slice(0, MOST_FACES).map(({ track }) => (
            <article class="panel" key={track} aria-label={`Face ${track}`}>
              {faces.length > 1 && <h3>Face {track}</h3>}
              <div class={models.length > 1 ? "answers several" : "answers"}>
                {models.map((model, k) => {
                  const face = facesOf(latest, model.id).find((face) => face.track === track);
                  return (
                    face && (
                      <Bars
                        key={model.id}
                        probabilities={face.probabilities}
                        label={labelOf(face.probabilities, threshold)}
                        heading={models.length > 1 ? `${letterOf(k)} ${model.name}` : undefined}
                      />
                    )
                  );
                })}
              </div>
            </article>
          ))}
          {faces.length > MOST_FACES && <p class="muted">and {faces.length - MOST_FACES} more</p>}
        </section>
        {history.length > 0 && <LastMinute history={history} models={models} threshold={threshold} />}
      </div>
      {live.error !== undefined && (
        <p class="error" role="alert">
          {live.error}
        </p>
      )}
      <Spoken faces={faces} threshold={threshold} on={running && !paused && !muted} />
    </>
  );
}

function LastMinute({
  history,
  models,
  threshold,
}: {
  readonly history: readonly Moment[];
  readonly models: readonly ModelInfo[];
  readonly threshold: number;
}) {
  const [chosen, choose] = useState<number>();
  const tracks = tracksOf(history).slice(0, MOST_FACES);
  const track = chosen !== undefined && tracks.includes(chosen) ? chosen : tracks[0];
  const now = history.at(-1)?.time ?? 0;
  return (
    <section class="last-minute panel" aria-label="The last minute">
      <div class="results-head">
        <h3>The last minute</h3>
        {tracks.length > 1 && (
          <fieldset class="tracks">
            <legend class="visually-hidden">Face</legend>
            {[...tracks]
              .sort((a, b) => a - b)
              .map((number) => (
                <label key={number}>
                  <input
                    type="radio"
                    name="track"
                    checked={number === track}
                    onChange={() => choose(number)}
                  />
                  Face {number}
                </label>
              ))}
          </fieldset>
        )}
        <button
          class="button quiet"
          type="button"
          onClick={() => download("vultus-timeline.csv", timelineCsv(history, models, threshold), "text/csv")}
        >
          Download CSV
        </button>
      </div>
      {models.map(({ id, name, classes }, i) => (
        <Timeline
          key={id}
          classes={classes}
          sightings={track === undefined ? [] : sightingsOf(history, id, track)}
          now={now}
          heading={models.length > 1 ? `${letterOf(i)} ${name}` : ""}
        />
      ))}
    </section>
  );
}

function Speed({ live: { framesPerSecond, milliseconds } }: { readonly live: Live }) {
  const { read, detect, classify } = milliseconds;
  const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
  return (
    <p class="speed muted number">
      {framesPerSecond.toFixed(1)} frames per second: image {ms(read)}, faces {ms(detect)}, expressions{" "}
      {ms(classify)}
    </p>
  );
}
