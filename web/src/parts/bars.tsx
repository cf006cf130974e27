/** The probabilities of one face as bars, below the name of the expression. */

import { accentOf } from "../style/accents.ts";
import { share } from "./numbers.ts";

export interface BarsProps {
  readonly probabilities: Readonly<Record<string, number>>;
  /** Null if the model is not sure. */
  readonly label: string | null;
  /** Name of the model, if there are several. */
  readonly heading?: string | undefined;
}

export function Bars({ probabilities, label, heading }: BarsProps) {
  const entries = Object.entries(probabilities);
  return (
    <div class="bars">
      {heading && <p class="bars-model muted">{heading}</p>}
      <Verdict label={label} probabilities={probabilities} />
      <dl>
        {entries.map(([name, value], i) => (
          <div class={name === label ? "bar top" : "bar"} key={name}>
            <dt>{name}</dt>
            <dd>
              <span class="bar-track" aria-hidden="true">
                <span
                  class="bar-fill"
                  style={{ inlineSize: `${100 * value}%`, background: accentOf(name, i) }}
                />
              </span>
              <span class="number">{share(value)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** The one-line result for a face. */
export function Verdict({ label, probabilities }: Pick<BarsProps, "label" | "probabilities">) {
  const entries = Object.entries(probabilities);
  if (label === null) {
    const [first, second] = [...entries].sort((a, b) => b[1] - a[1]);
    return (
      <p class="verdict unsure">
        not sure
        <span class="muted">
          {first?.[0]} or {second?.[0]}
        </span>
      </p>
    );
  }
  const index = entries.findIndex(([name]) => name === label);
  return (
    <p class="verdict">
      <span class="dot" style={{ background: accentOf(label, index) }} aria-hidden="true" />
      {label}
      <span class="muted number">{share(probabilities[label] ?? 0)}</span>
    </p>
  );
}
