/** `<vultus-camera>`: its attributes, methods and events; `panel.tsx` renders it. Importing this module defines it. */

import { render } from "preact";
import type {
  VultusCameraElement,
  VultusCameraEventMap,
  VultusCameraModel,
  VultusCameraPrediction,
  VultusCameraState,
} from "../../../src/element.ts";
import { labelOf } from "../../../src/predict/prediction.ts";
import baseStyle from "../style/base.css?inline";
import cameraStyle from "../style/camera.css?inline";
import facesStyle from "../style/faces.css?inline";
import tokens from "../style/tokens.css?inline";
import elementStyle from "./element.css?inline";
import { type Commands, type Listener, Panel } from "./panel.tsx";
import { attributes, settingsOf } from "./settings.ts";

const NAME = "vultus-camera";

/** The folder of this script, which may contain a model. Bundlers would mistake `new URL("./", …)` for a file. */
const home = import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1);

/** A server has no custom elements, so nothing is defined there. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

let sheet: CSSStyleSheet | undefined;

class VultusCamera extends Base implements VultusCameraElement {
  static readonly observedAttributes = attributes;

  #root: ShadowRoot | undefined;
  #commands: Commands | undefined;
  #state: VultusCameraState = "off";
  #loaded: VultusCameraModel | undefined;
  #latest: VultusCameraPrediction | undefined;

  readonly #listener: Listener = {
    state: (state, reason) => {
      if (state === this.#state) return;
      this.#state = state;
      this.#tell("statechange", { state, ...(reason === undefined ? {} : { reason }) });
    },
    ready: (model) => {
      this.#loaded = model;
      this.#tell("ready", model);
    },
    prediction: (prediction) => {
      this.#latest = prediction;
      this.#tell("prediction", prediction);
    },
    error: (message) => this.dispatchEvent(new ErrorEvent("error", { message, error: new Error(message) })),
  };

  connectedCallback(): void {
    if (!this.#root) {
      this.#root = this.attachShadow({ mode: "open", delegatesFocus: true });
      if (!sheet) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync([tokens, baseStyle, facesStyle, cameraStyle, elementStyle].join("\n"));
      }
      this.#root.adoptedStyleSheets = [sheet];
    }
    for (const name of attributes) this.#takeOver(name);
    this.#render();
  }

  disconnectedCallback(): void {
    // An element that is moved leaves the document and returns at once; it keeps its model.
    queueMicrotask(() => {
      if (this.isConnected || !this.#root) return;
      render(null, this.#root);
      this.#commands = undefined;
      this.#loaded = undefined;
      this.#listener.state("off", undefined);
    });
  }

  attributeChangedCallback(): void {
    if (this.isConnected && this.#root) this.#render();
  }

  get model(): string | null {
    return this.getAttribute("model");
  }
  set model(value) {
    this.#reflect("model", value);
  }
  get prior(): string | null {
    return this.getAttribute("prior");
  }
  set prior(value) {
    this.#reflect("prior", value);
  }
  get src(): string | null {
    return this.getAttribute("src");
  }
  set src(value) {
    this.#reflect("src", value);
  }
  get autostart(): boolean {
    return settingsOf(this).autostart;
  }
  set autostart(value) {
    this.#reflect("autostart", value ? "" : null);
  }
  get threshold(): number {
    return settingsOf(this).threshold;
  }
  set threshold(value) {
    this.#reflect("threshold", value);
  }
  get smooth(): number {
    return settingsOf(this).smooth;
  }
  set smooth(value) {
    this.#reflect("smooth", value);
  }
  get facing(): "user" | "environment" {
    return settingsOf(this).facing;
  }
  set facing(value) {
    this.#reflect("facing", value);
  }

  get state(): VultusCameraState {
    return this.#state;
  }
  get loaded(): VultusCameraModel | undefined {
    return this.#loaded;
  }
  get faces(): VultusCameraPrediction["faces"] {
    if (this.#state !== "running" || !this.#latest) return [];
    const { threshold } = this;
    return this.#latest.faces.map((face) => ({ ...face, label: labelOf(face.probabilities, threshold) }));
  }

  load(): Promise<VultusCameraModel> {
    return this.#commands?.load() ?? Promise.reject(notConnected());
  }
  start(): Promise<void> {
    return this.#commands?.start() ?? Promise.reject(notConnected());
  }
  stop(): void {
    this.#commands?.stop();
  }

  #render(): void {
    if (!this.#root) return;
    const connect = (commands: Commands): void => {
      this.#commands = commands;
    };
    render(
      <Panel settings={settingsOf(this)} home={home} listener={this.#listener} connect={connect} />,
      this.#root,
    );
  }

  #reflect(name: (typeof attributes)[number], value: string | number | null | undefined): void {
    if (value == null) this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }

  /** A value that was set before the element was defined is an own property, which shadows the accessor above. */
  #takeOver(name: (typeof attributes)[number]): void {
    if (!Object.hasOwn(this, name)) return;
    const { [name]: value } = this;
    Reflect.deleteProperty(this, name);
    Reflect.set(this, name, value);
  }

  #tell<Name extends Exclude<keyof VultusCameraEventMap, "error">>(
    name: Name,
    detail: VultusCameraEventMap[Name]["detail"],
  ): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function notConnected(): Error {
  return new DOMException(`<${NAME}> is not in the page`, "InvalidStateError");
}

const { customElements } = globalThis as Partial<typeof globalThis>;
if (customElements && !customElements.get(NAME)) customElements.define(NAME, VultusCamera);
