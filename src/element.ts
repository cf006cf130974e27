/**
 * The types of `vultus/element`, whose import defines `<vultus-camera>`: the camera in your own page. Everything is
 * computed in the browser, in a worker, and nothing is sent anywhere. The code itself is part of the page's build
 * (`web/src/element/`), so importing it in Node, to render on a server, does nothing.
 */

import type { TrackedFace } from "./predict/tracking.ts";
import type { WebDevice } from "./runtime/session.web.ts";

export type { Face } from "./predict/prediction.ts";
export type { TrackedFace, WebDevice };

/**
 * What the element does.
 *
 * - `off`: nothing; it was not started, or stopped
 * - `loading`: the model is being loaded
 * - `asking`: the browser asks the person for the camera
 * - `running`: faces are looked for
 * - `refused`, `missing`, `taken`, `lost`: the person refused the camera, there is none, another program uses it, or it was
 *   unplugged
 * - `insecure`: the page comes neither from https nor from this computer, so a browser gives it no camera
 * - `failed`: the model, or what `src` names, cannot be loaded
 */
export type VultusCameraState =
  | "off"
  | "loading"
  | "asking"
  | "running"
  | "refused"
  | "missing"
  | "taken"
  | "lost"
  | "insecure"
  | "failed";

/** A model that runs. */
export interface VultusCameraModel {
  readonly name: string;
  /** Names of the probabilities, in their order. */
  readonly classes: readonly string[];
  /** Side of the square that the network sees, in pixels. */
  readonly inputSize: number;
  readonly device: WebDevice;
  /** Of the CPU; 1 unless the page is isolated from other origins by two headers (docs/how-to/page.md). */
  readonly threads: number;
}

/** The faces of one frame. */
export interface VultusCameraPrediction {
  /** Seconds since the element was started. */
  readonly time: number;
  /** Extent of the frame in pixels; boxes are in them, and not mirrored. */
  readonly width: number;
  readonly height: number;
  /**
   * The largest first. Probabilities sum to 1 and are smoothed over `smooth` seconds; `label` is null if the greatest is
   * below `threshold`; `track` is the same number in every frame that shows the face.
   */
  readonly faces: readonly TrackedFace[];
  /** Means over the last frames; 0 for an image. */
  readonly framesPerSecond: number;
}

/** Events by name. None of them bubbles. */
export interface VultusCameraEventMap {
  /** The faces of one frame: after every frame of a camera or a video, and once for an image. */
  prediction: CustomEvent<VultusCameraPrediction>;
  /** The model runs. */
  ready: CustomEvent<VultusCameraModel>;
  /** `state` has changed; `reason` describes what to do if the state is a failure. */
  statechange: CustomEvent<{ readonly state: VultusCameraState; readonly reason?: string }>;
  /** The model or the image cannot be loaded, or frames cannot be read; `message` is the reason. */
  error: ErrorEvent;
}

/** Attributes, which are properties too: as JSX and templates set them. */
export interface VultusCameraAttributes {
  /**
   * Address of the model: a bundle that `vultus export` wrote, or one that ships. Left out, it is the first model of the
   * folder that the element's script was loaded from, as `vultus export --to web` writes it. A change loads the new one.
   */
  model?: string | undefined;
  /**
   * The class prior that probabilities are shifted to: `trained`, `uniform`, `uniform:0.5` (half way), or shares such as
   * `happy=0.3,neutral=0.4`. Left out, it is that of the model's file. A change loads the model anew.
   */
  prior?: string | undefined;
  /**
   * Address of an image or a video to look at instead of the camera; it is looked at as soon as the element is in the page.
   * From another host it needs that host's permission (CORS).
   */
  src?: string | undefined;
  /** Starts the camera as soon as the element is in the page. */
  autostart?: boolean | undefined;
  /** A face whose greatest probability is less has the label null: not sure. From 0 to 1. Default: 0.5. */
  threshold?: number | undefined;
  /** Seconds over which probabilities are smoothed; 0 leaves them as they are. Default: 0.4. */
  smooth?: number | undefined;
  /** The camera to ask for: the one that sees the person, shown as in a mirror, or the one on the back. Default: user. */
  facing?: "user" | "environment" | undefined;
}

/** The same with handlers, as React and Preact write them: `onprediction={({ detail }) => …}`. */
export type VultusCameraProps = VultusCameraAttributes & {
  [Name in keyof VultusCameraEventMap as `on${Name}`]?:
    | ((event: VultusCameraEventMap[Name]) => void)
    | undefined;
};

/**
 * `<vultus-camera>`. Its shadow tree has the parts `stage`, `media` (the video or image), `box`, `tag` (the label at a box),
 * `notice`, `start`, `stop`, `faces` and `bars`; its colours are CSS variables (docs/how-to/element.md). In the page it holds
 * a worker and the camera while it runs; taken out of it, it gives both back.
 */
export interface VultusCameraElement
  extends HTMLElement,
    Required<{
      [Name in "autostart" | "threshold" | "smooth" | "facing"]: NonNullable<VultusCameraAttributes[Name]>;
    }> {
  /** Null where the attribute is missing. */
  model: string | null;
  prior: string | null;
  src: string | null;
  readonly state: VultusCameraState;
  /** The model that runs; undefined until it is loaded. */
  readonly loaded: VultusCameraModel | undefined;
  /** The faces of the last frame; none while it is not running. */
  readonly faces: readonly TrackedFace[];
  /** Loads the model without starting the camera, so that `start` takes no time. Once for each model. @throws Error with the reason. */
  load(): Promise<VultusCameraModel>;
  /** Loads the model and asks for the camera; resolves when both are there. @throws Error with the reason. */
  start(): Promise<void>;
  /** Gives the camera back. The model stays loaded. */
  stop(): void;

  addEventListener<Name extends keyof VultusCameraEventMap>(
    type: Name,
    listener: (this: VultusCameraElement, event: VultusCameraEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: VultusCameraElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof VultusCameraEventMap>(
    type: Name,
    listener: (this: VultusCameraElement, event: VultusCameraEventMap[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (this: VultusCameraElement, event: HTMLElementEventMap[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "vultus-camera": VultusCameraElement;
  }
}
