/** A TensorBoard event file on disk, which grows record by record. */

import { appendFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { messageOf, VultusError } from "../util/errors.ts";
import { makeFolder } from "../util/files.node.ts";
import { record, type Shown, startEvent, summaryEvent, versionEvent } from "./tensorboard.ts";

export interface EventFile {
  /**
   * Records values at a step of the training. The first call creates the file, and voids records of earlier files in the
   * folder from step `voidFrom` on.
   */
  show(step: number, shown: readonly Shown[], voidFrom?: number): void;
}

/**
 * Returns a new event file in `folder`. TensorBoard reads all files of a folder as one run, so a resumed run adds a file
 * that states the step from which the earlier files are void. A record that a kill truncates is the last of its file, and is
 * skipped.
 */
export function eventFile(folder: string): EventFile {
  let path: string | undefined;
  const append = (records: readonly Uint8Array[]): void => {
    try {
      appendFileSync(path as string, Buffer.concat(records));
    } catch (error) {
      throw new VultusError(`${path} was not written: ${messageOf(error)}`);
    }
  };
  return {
    show(step, shown, voidFrom = step) {
      const seconds = Date.now() / 1000;
      const when = { seconds, step };
      const records = [summaryEvent(when, shown)];
      if (path === undefined) {
        makeFolder(folder);
        path = freePath(folder, seconds);
        records.unshift(versionEvent(seconds), startEvent({ seconds, step: voidFrom }));
      }
      append(records.map(record));
    },
  };
}

let files = 0;

/** TensorBoard reads the files of a folder in the order of their names. */
function freePath(folder: string, seconds: number): string {
  const time = String(Math.floor(seconds)).padStart(10, "0");
  return join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}.${files++}`);
}
