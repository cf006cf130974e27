/** The keys, and whether they work everywhere on the page. */

import { useEffect, useRef, useState } from "preact/hooks";
import { keysOf } from "./keys.ts";

export interface HelpProps {
  readonly task: "labels" | "unlabelled";
  readonly singleKeys: boolean;
  onSingleKeys(on: boolean): void;
  onClose(): void;
}

export function Help({ task, singleKeys, onSingleKeys, onClose }: HelpProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const closing = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    closing.current?.focus();
  }, []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <table>
        <tbody>
          {keysOf(task).map(({ keys, does }) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <label class="check">
        <input
          type="checkbox"
          checked={singleKeys}
          onChange={({ currentTarget }) => onSingleKeys(currentTarget.checked)}
        />
        Keys work everywhere on the page, not only while an image has the focus
      </label>
      <button type="button" class="button primary" ref={closing} onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

const KEY = "vultus-review-keys";

/** Stored by the browser. */
export function useSingleKeys(): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => localStorage.getItem(KEY) !== "focused");
  return [
    on,
    (next) => {
      setOn(next);
      localStorage.setItem(KEY, next ? "everywhere" : "focused");
    },
  ];
}
