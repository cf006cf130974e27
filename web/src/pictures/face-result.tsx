/** One face of an image: the prediction of each model, and on request where it looked. */

import { useEffect, useRef } from "preact/hooks";
import { type Face, labelOf } from "../../../src/predict/prediction.ts";
import { letterOf } from "../models/model-bar.tsx";
import { Bars, Verdict } from "../parts/bars.tsx";
import type { ExplainedFace, ModelInfo } from "../recogniser/protocol.ts";
import { Explanation } from "./explanation.tsx";
import type { Choice } from "./picture-card.tsx";

export interface FaceResultProps {
  /** Omitted if the image shows only one face. */
  readonly number: number | undefined;
  readonly open: boolean;
  /** If this face was the last one chosen through its box, it opens and scrolls into view. */
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
