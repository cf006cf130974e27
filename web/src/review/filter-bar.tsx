/** Selects the images to look at. */

import { useRef } from "preact/hooks";
import { splits } from "../../../src/data/dataset.ts";
import type { ReviewSet } from "../../../src/server/review/protocol.ts";
import { useMedia } from "../parts/use-media.ts";
import { type Filtered, type Filters, noFilters, states } from "./filters.ts";
import { isSuspect, number } from "./words.ts";

export interface FilterBarProps {
  readonly set: ReviewSet;
  readonly filters: Filters;
  readonly passing: Filtered;
  onFilter(change: Partial<Filters>): void;
  /** After a choice by pointer, the focus returns to the images, where the keys work. */
  onDone(): void;
}

export function FilterBar({ set, filters, passing, onFilter, onDone }: FilterBarProps) {
  const { counts } = passing;
  const labels = set.task === "labels";
  const pairs = [...counts.pair].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const present = splits.filter((split) => set.images.some((image) => image.split === split));
  const used = Object.keys(noFilters).filter((name) => {
    const value = filters[name as keyof Filters];
    return value !== undefined && value !== false;
  }).length;
  const narrow = useMedia("(max-width: 40rem)");
  const select = (
    name: "class" | "pair" | "split" | "state",
    title: string,
    values: readonly (readonly [string, string])[],
  ) => (
    <Choice
      title={title}
      value={filters[name]}
      values={values}
      counts={counts[name]}
      onChoose={(value) => onFilter({ [name]: value })}
      onDone={onDone}
    />
  );
  const plain = (names: readonly string[]) => names.map((name) => [name, name] as const);
  const choices = (
    <>
      {select("class", labels ? "Class" : "Answer", plain(set.classes))}
      {labels &&
        (pairs.length > 0 || filters.pair !== undefined) &&
        select(
          "pair",
          "Confused pair",
          pairs.map(([pair]) => [pair, pair.replace(">", " → ")] as const),
        )}
      {present.length > 1 && select("split", "Split", plain(present))}
      {select(
        "state",
        "State",
        states.map((state) => [state, state === "relabelled" && !labels ? "labelled" : state] as const),
      )}
      {set.images.some((image) => isSuspect(set, image)) && (
        <label class="check">
          <input
            type="checkbox"
            checked={filters.suspects}
            onChange={({ currentTarget }) => onFilter({ suspects: currentTarget.checked })}
          />
          Suspects only <span class="muted number">{number(passing.suspects)}</span>
        </label>
      )}
      {filters.map && (
        <button type="button" class="button small" onClick={() => onFilter({ map: undefined })}>
          From the map ({number(filters.map.size)})<span class="visually-hidden">, remove this filter</span>
          <span aria-hidden="true">×</span>
        </button>
      )}
      {used > 0 && (
        <button type="button" class="button small" onClick={() => onFilter(noFilters)}>
          Clear filters
        </button>
      )}
    </>
  );
  if (!narrow) return <search class="filters">{choices}</search>;
  return (
    <search>
      <details>
        <summary class="button small">Filters{used > 0 && ` (${used})`}</summary>
        <div class="filters">{choices}</div>
      </details>
    </search>
  );
}

interface ChoiceProps {
  readonly title: string;
  readonly value: string | undefined;
  /** Its value and its displayed name. */
  readonly values: readonly (readonly [string, string])[];
  readonly counts: ReadonlyMap<string, number>;
  onChoose(value: string | undefined): void;
  onDone(): void;
}

function Choice({ title, value, values, counts, onChoose, onDone }: ChoiceProps) {
  const byPointer = useRef(false);
  const known = value === undefined || values.some(([one]) => one === value);
  return (
    <label class="field">
      {title}
      <select
        value={value ?? ""}
        class={value === undefined ? "" : "chosen"}
        onPointerDown={() => {
          byPointer.current = true;
        }}
        onKeyDown={() => {
          byPointer.current = false;
        }}
        onChange={({ currentTarget }) => {
          onChoose(currentTarget.value || undefined);
          if (byPointer.current) onDone();
        }}
      >
        <option value="">all</option>
        {!known && <option value={value}>{value.replace(">", " → ")} (0)</option>}
        {values.map(([one, name]) => (
          <option key={one} value={one}>
            {name} ({number(counts.get(one) ?? 0)})
          </option>
        ))}
      </select>
    </label>
  );
}
