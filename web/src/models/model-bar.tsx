/** Which models run and how, room for one's own, and from which probability on an expression is named. */

import { useRef } from "preact/hooks";
import { share } from "../parts/numbers.ts";
import type { ModelInfo, Setup } from "../recogniser/protocol.ts";
import type { Notice } from "./use-models.ts";

export interface ModelBarProps {
  readonly setup: Setup | undefined;
  readonly models: readonly ModelInfo[];
  readonly failure: string | undefined;
  readonly notice: Notice | undefined;
  readonly threshold: number;
  onThreshold(threshold: number): void;
  onAdd(file?: File): void;
  onRemove(id: number): void;
}

export function ModelBar(props: ModelBarProps) {
  const { setup, models, failure, notice, threshold, onThreshold, onAdd, onRemove } = props;
  const input = useRef<HTMLInputElement>(null);
  const compare = useRef<HTMLButtonElement>(null);
  const hasShipped = models.some(({ id }) => id === setup?.model.id);
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
                  // The button goes with its model.
                  compare.current?.focus();
                  onRemove(model.id);
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
        {setup && !hasShipped && models.length < 2 && (
          <button class="button quiet" type="button" onClick={() => onAdd()}>
            Compare with the model that ships
          </button>
        )}
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          accept=".onnx"
          tabIndex={-1}
          aria-hidden="true"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file) onAdd(file);
            currentTarget.value = "";
          }}
        />
      </div>
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
        {failure ? (
          <span class="error">The models do not run here: {failure}</span>
        ) : notice ? (
          <span class={notice.kind === "error" ? "error" : "muted"}>{notice.text}</span>
        ) : setup ? (
          <span class="muted">{stateOf(setup)}</span>
        ) : (
          <span class="muted">Loading the models, about 20 MB on a first visit …</span>
        )}
      </div>
    </section>
  );
}

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

function stateOf({ device, threads }: Setup): string {
  if (device === "webgpu") return "Runs in this browser on its graphics processor";
  return `Runs in this browser on ${threads === 1 ? "one thread" : `${threads} threads`}`;
}
