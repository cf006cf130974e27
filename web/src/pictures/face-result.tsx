/** One face of a picture: the answer of each model, and on request where it looked. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Picture } from "../../../src/data/dataset.ts";
import { type Face, labelOf } from "../../../src/predict/prediction.ts";
import { letterOf } from "../models/model-bar.tsx";
import { Bars, Verdict } from "../parts/bars.tsx";
import type { ExplainedFace, ModelInfo } from "../recogniser/protocol.ts";
import type { Choice } from "./picture-card.tsx";

export interface FaceResultProps {
  /** Left out where the picture shows one face only. */
  readonly number: number | undefined;
  readonly open: boolean;
  /** Where this face was chosen last: by its box, it opens and comes into view. */
  readonly choice: Choice | undefined;
  onChoose(): void;
  readonly threshold: number;
  readonly answers: readonly { readonly model: ModelInfo; readonly face: Face }[];
  explain(model: number): Promise<ExplainedFace>;
}

export function FaceResult({ number, open, choice, onChoose, threshold, answers, explain }: FaceResultProps) {
  const several = answers.length > 1;
  const details = (
    <div class={several ? "answers several" : "answers"}>
      {answers.map(({ model, face: { probabilities } }, i) => (
        <div key={model.id}>
          <Bars
            probabilities={probabilities}
            label={labelOf(probabilities, threshold)}
            heading={several ? `${letterOf(i)} ${model.name}` : undefined}
          />
          <Explanation explain={() => explain(model.id)} />
        </div>
      ))}
    </div>
  );
  const result = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (!choice?.inPhoto || !result.current) return;
    result.current.open = true;
    result.current.scrollIntoView({ block: "nearest" });
  }, [choice]);
  if (number === undefined) return <li>{details}</li>;
  const first = answers[0]?.face.probabilities ?? {};
  return (
    <li>
      <details ref={result} open={open}>
        <summary onClick={onChoose}>
          <span class="face-number">{number}</span>
          <Verdict label={labelOf(first, threshold)} probabilities={first} />
        </summary>
        {details}
      </details>
    </li>
  );
}

type State =
  | { readonly kind: "closed" | "busy" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "shown"; readonly explained: ExplainedFace };

function Explanation({ explain }: { explain(): Promise<ExplainedFace> }) {
  const [state, setState] = useState<State>({ kind: "closed" });
  const toggle = async (): Promise<void> => {
    if (state.kind === "shown") return setState({ kind: "closed" });
    setState({ kind: "busy" });
    try {
      setState({ kind: "shown", explained: await explain() });
    } catch (error) {
      setState({ kind: "failed", reason: (error as Error).message });
    }
  };
  return (
    <div class="explanation">
      <button
        class="button quiet"
        type="button"
        disabled={state.kind === "busy"}
        aria-expanded={state.kind === "shown"}
        onClick={() => void toggle()}
      >
        {state.kind === "busy" ? "Looking …" : "Where it looked"}
      </button>
      {state.kind === "failed" && (
        <p class="error" role="alert">
          {state.reason}
        </p>
      )}
      {state.kind === "shown" && (
        <figure>
          <Pixels picture={state.explained.seen} label="the face as the network sees it" />
          <Pixels
            picture={state.explained.overlay}
            label={`the same, bright where it speaks for ${state.explained.label}`}
          />
          <figcaption class="muted">
            What the network saw, and where it found “{state.explained.label}” (Grad-CAM).
          </figcaption>
        </figure>
      )}
    </div>
  );
}

function Pixels({ picture, label }: { picture: Picture; label: string }) {
  const draw = (canvas: HTMLCanvasElement | null): void => {
    const { pixels, width, height, channels } = picture;
    const image = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[channels === 3 ? 3 * i + c : i] as number;
      image.data[4 * i + 3] = 255;
    }
    canvas?.getContext("2d")?.putImageData(image, 0, 0);
  };
  return <canvas ref={draw} width={picture.width} height={picture.height} role="img" aria-label={label} />;
}
