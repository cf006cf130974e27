/** The bar above the grid: how many images it shows, and how many are selected. */

import { imageCount, number } from "./words.ts";

export interface GridHeadProps {
  readonly of: number;
  /** The last decision. */
  readonly last: string;
  readonly selected: number;
  readonly several: boolean;
  onSeveral(): void;
  onNone(): void;
}

export function GridHead({ of, last, selected, several, onSeveral, onNone }: GridHeadProps) {
  return (
    <div class="grid-head">
      <p class="number">{selected > 0 ? `${number(selected)} of ${number(of)} selected` : imageCount(of)}</p>
      <p class="last muted">{last}</p>
      {selected > 0 && (
        <button type="button" class="button small" onClick={onNone}>
          Select none
        </button>
      )}
      <button type="button" class="button small" aria-pressed={several} onClick={onSeveral}>
        Select several
      </button>
    </div>
  );
}
