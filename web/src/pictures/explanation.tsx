/** Shows where a model looked in a face, on request. */

import { useState } from "preact/hooks";
import type { Picture } from "../../../src/data/dataset.ts";
import type { ExplainedFace } from "../recogniser/protocol.ts";

type State =
  | { readonly kind: "closed" | "busy" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "shown"; readonly explained: ExplainedFace };

export function Explanation({ explain }: { explain(): Promise<ExplainedFace> }) {
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
            label={`the same, bright where it supports ${state.explained.label}`}
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
