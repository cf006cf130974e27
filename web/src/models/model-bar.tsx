/** Which models run and how, a way to add the user's own, and the threshold for naming an expression. */

import { useRef } from "preact/hooks";
import type { PageModel } from "../../../src/export/page-models.ts";
import { share } from "../parts/numbers.ts";
import type { Setup } from "../recogniser/protocol.ts";
import { PriorSelect } from "./prior-select.tsx";
import type { Models } from "./use-models.ts";

export interface ModelBarProps {
  readonly models: Models;
  readonly threshold: number;
  onThreshold(threshold: number): void;
}

export function ModelBar({ models: all, threshold, onThreshold }: ModelBarProps) {
  const { setup, offered, models, failure, notice, bytes, prior, add, remove, setPrior } = all;
  const input = useRef<HTMLInputElement>(null);
  const compare = useRef<HTMLButtonElement>(null);
  return (
    <section class="model-bar" aria-label="Models">
      <div class="model-list">
        {models.map((model, i) => (
          <span class="model-chip" key={model.id}>
            {models.length > 1 && <b class="model-letter">{letterOf(i)}</b>}
            <span>{model.name}</span>
            <span class="muted">
              {model.classes.length} expressions, {model.inputSize} px
            </span>
            {models.length > 1 && (
              <button
                class="chip-button"
                type="button"
                aria-label={`Remove ${model.name}`}
                onClick={() => {
                  // The button disappears with its model.
                  compare.current?.focus();
                  remove(model.id);
                }}
              >
                ×
              </button>
            )}
          </span>
        ))}
        {setup && (
          <button ref={compare} class="button quiet" type="button" onClick={() => input.current?.click()}>
            {models.length > 1 ? "Change the second model" : "Compare with your own model"}
          </button>
        )}
        {setup &&
          models.length < 2 &&
          offered.map((model: PageModel) => (
            <button class="button quiet" type="button" key={model.file} onClick={() => add(model)}>
              Compare with {model.name}
            </button>
          ))}
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          accept=".onnx"
          tabIndex={-1}
          aria-hidden="true"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file) add(file);
            currentTarget.value = "";
          }}
        />
      </div>
      <PriorSelect models={models} prior={prior} setPrior={setPrior} />
      <label class="threshold">
        <span>
          Not sure below <b class="number">{share(threshold)}</b>
        </span>
        <input
          type="range"
          min="0"
          max="95"
          step="5"
          value={Math.round(threshold * 100)}
          aria-valuetext={share(threshold)}
          onInput={({ currentTarget }) => onThreshold(Number(currentTarget.value) / 100)}
        />
      </label>
      <div class="model-state" role="status">
        {notice && <div class={notice.kind === "error" ? "error" : "muted"}>{notice.text}</div>}
        {failure ? (
          <span class="error">The models do not run here: {failure}</span>
        ) : setup ? (
          <span class="muted">{stateOf(setup)}</span>
        ) : (
          <span class="muted">Loading the models{bytes !== undefined && sizeOf(bytes)} …</span>
        )}
      </div>
    </section>
  );
}

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** Size in bytes of the runtime of the models, and of the networks that find faces. */
const RUNTIME_BYTES = 15e6;

function sizeOf(bytes: number): string {
  return `, about ${Math.round((RUNTIME_BYTES + bytes) / 1e6)} MB on a first visit`;
}

function stateOf({ device, threads }: Setup): string {
  if (device === "webgpu") return "Runs in this browser on its graphics processor";
  if (threads > 1) return `Runs in this browser on ${threads} threads`;
  return ["Runs in this browser on one thread", howToGetThreads()].filter(Boolean).join("; ");
}

/** Whether the service worker controls this page, and has thereby isolated it if possible. */
const isControlled = navigator.serviceWorker?.controller != null;

/** How WebAssembly could use more than one thread; undefined if no more are available. */
function howToGetThreads(): string | undefined {
  const { serviceWorker, hardwareConcurrency } = navigator as Partial<Navigator>;
  // In a frame, the outer page would have to be isolated.
  if (crossOriginIsolated || hardwareConcurrency === 1 || window !== top) return undefined;
  return serviceWorker && !isControlled
    ? "reload the page to use more"
    : "it would use more if the host sent the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
}
