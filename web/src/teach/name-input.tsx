/** A name that can be edited in place. */

import { useState } from "preact/hooks";

export interface NameInputProps {
  readonly class?: string;
  readonly label: string;
  /** Id of the element with the reason why the last name was rejected. */
  readonly describedBy?: string | undefined;
  readonly name: string;
  /** Called with a changed text. Once it has settled, the field shows `name` again, whatever its value by then. */
  onRename(name: string): Promise<void> | undefined;
}

/**
 * Keeps the typed text even if the page renders in the middle of a word. Enter and leaving the field accept it, Escape discards
 * it.
 */
export function NameInput({ class: own, label, describedBy, name, onRename }: NameInputProps) {
  const [draft, setDraft] = useState<string>();
  const accept = async (value: string): Promise<void> => {
    if (value.trim() !== name) await onRename(value);
    // Keeps what was typed in the meantime.
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
