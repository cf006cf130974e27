/** A name that can be changed where it stands. */

import { useState } from "preact/hooks";

export interface NameInputProps {
  readonly class?: string;
  readonly label: string;
  readonly describedBy?: string | undefined;
  readonly name: string;
  /** Called when the focus leaves the field with another text in it. The field then shows `name` again, whatever it is by then. */
  onRename(name: string): void;
}

/** Keeps the typed text even if the page renders in the middle of a word. Enter accepts it, Escape discards it. */
export function NameInput({ class: own, label, describedBy, name, onRename }: NameInputProps) {
  const [draft, setDraft] = useState<string>();
  return (
    <input
      class={own === undefined ? "name-input" : `name-input ${own}`}
      aria-label={label}
      aria-describedby={describedBy}
      value={draft ?? name}
      onInput={({ currentTarget }) => setDraft(currentTarget.value)}
      onBlur={({ currentTarget }) => {
        const { value } = currentTarget;
        setDraft(undefined);
        currentTarget.value = name;
        if (value.trim() !== name) onRename(value);
      }}
      onKeyDown={({ key, currentTarget }) => {
        if (key === "Escape") currentTarget.value = name;
        if (key === "Escape" || key === "Enter") currentTarget.blur();
      }}
    />
  );
}
