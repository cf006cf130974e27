/** A class by its name, with its colour next to it; and shares of classes as small bars. */

import { share } from "../parts/numbers.ts";
import type { Marking } from "./palette.ts";

export interface ClassNameProps {
  readonly name: string;
  readonly classes: readonly string[];
  readonly palette: readonly Marking[];
}

export function ClassName({ name, classes, palette }: ClassNameProps) {
  return (
    <span class="class-name">
      <span class="dot" style={{ background: colourOf(name, classes, palette) }} aria-hidden="true" />
      {name}
    </span>
  );
}

export interface SharesProps {
  readonly of: readonly { readonly name: string; readonly share: number }[];
  readonly classes: readonly string[];
  readonly palette: readonly Marking[];
}

export function Shares({ of, classes, palette }: SharesProps) {
  return (
    <dl class="shares">
      {of.map(({ name, share: value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class="track" aria-hidden="true">
              <span
                style={{
                  inlineSize: `${100 * value}%`,
                  background: colourOf(name, classes, palette),
                }}
              />
            </span>
            <span class="number">{share(value)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function colourOf(name: string, classes: readonly string[], palette: readonly Marking[]): string {
  const marking = palette[classes.indexOf(name)];
  return marking ? `var(${marking.colour})` : "var(--muted)";
}
