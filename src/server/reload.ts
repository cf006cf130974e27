/** The current model, and its replacement by a newer file while requests are in progress. */

import { unwatchFile, watchFile } from "node:fs";
import { messageOf } from "../util/errors.ts";
import { openServedModel, readModelFile, type ServedModel, type ServingOptions } from "./served-model.ts";

export type Reload =
  | { readonly result: "same" | "changed"; readonly version: string }
  | { readonly result: "failed"; readonly reason: string };

export interface Models {
  readonly current: ServedModel;
  /** Runs work with the current model, which stays open until the work is done. */
  use<T>(work: (model: ServedModel) => Promise<T>): Promise<T>;
  /** Reads the file again. A new model is opened and tested before it takes over; if it fails, nothing changes. */
  reload(): Promise<Reload>;
  close(): Promise<void>;
}

/** Opens the model at `file`. Whenever the file changes, `onReload` receives the result. */
export async function openModels(
  file: string,
  options: ServingOptions & { onReload(reload: Reload): void; readonly watchEvery: number },
): Promise<Models> {
  let current = await openServedModel(readModelFile(file), options);
  const users = new Map<ServedModel, number>([[current, 0]]);
  // Reloads run one after the other, because two new models at once would need more memory.
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** Closes a replaced model once nothing uses it any more. */
  const closeUnused = async (model: ServedModel): Promise<void> => {
    if (model === current || users.get(model) !== 0) return;
    users.delete(model);
    await model.workers.close();
  };

  const read = async (): Promise<Reload> => {
    const old = current;
    let next: ServedModel;
    try {
      const found = readModelFile(file);
      if (closed || found.sha256 === old.description.sha256)
        return { result: "same", version: old.description.version };
      next = await openServedModel(found, options);
    } catch (error) {
      return { result: "failed", reason: messageOf(error) };
    }
    users.set(next, 0);
    current = next;
    await closeUnused(old);
    return { result: "changed", version: next.description.version };
  };

  const reload = (): Promise<Reload> => {
    const done = last.then(async () => {
      const result = await read();
      options.onReload(result);
      return result;
    });
    last = done;
    return done;
  };

  // Polling the file's date detects every kind of change, including renames, symbolic links and network drives.
  const changed = (): void => void reload();
  watchFile(file, { interval: options.watchEvery, persistent: false }, changed);

  return {
    get current() {
      return current;
    },
    async use(work) {
      const model = current;
      users.set(model, (users.get(model) ?? 0) + 1);
      try {
        return await work(model);
      } finally {
        users.set(model, (users.get(model) ?? 1) - 1);
        void closeUnused(model);
      }
    },
    reload,
    async close() {
      closed = true;
      unwatchFile(file, changed);
      await last;
      await Promise.all([...users.keys()].map(({ workers }) => workers.close()));
    },
  };
}
