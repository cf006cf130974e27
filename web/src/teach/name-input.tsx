/** A name that can be changed where it stands. */

import { useState } from "preact/hooks";

export interface NameInputProps {
  readonly class?: string;
  readonly label: string;
  /** Id of the reason why the last name was refused. */
  readonly describedBy?: string | undefined;
  readonly name: string;
  /** Called with another text. Once it has settled, the field shows `name` again, whatever it is by then. */
  onRename(name: string): Promise<void> | undefined;
}

/** Keeps the typed text even if the page renders in the middle of a word. Enter and leaving the field accept it, Escape discards it. */
export function NameInput({ class: own, label, describedBy, name, onRename }: NameInputProps) {
  const [draft, setDraft] = useState<string>();
  const accept = async (value: string): Promise<void> => {
    if (value.trim() !== name) await onRename(value);
    // What was typed in the meantime stays.
    setDraft((now) => (now === value ? undefined : now));
  };
  return (
    <input
      class={own === undefined ? "name-input" : `name-input ${own}`}
      aria-label={label}
      aria-describedby={describedBy}
      aria-invalid={describedBy !== undefined}
      value={draft ?? name}
      onInput={({ currentTarget }) => setDraft(currentTarget.value)}
      onBlur={({ currentTarget }) => void accept(currentTarget.value)}
      onKeyDown={({ key, currentTarget }) => {
        if (key === "Escape") setDraft(undefined);
        if (key === "Enter") void accept(currentTarget.value);
      }}
    />
  );
}
