/**
 * A client's position in the logs that it follows, encoded as a message id, which the client sends when it reconnects.
 */

import type { Mark } from "./tail.ts";

/** Formats `run:offset.checksum`, joined by commas. */
export function cursorOf(marks: Iterable<readonly [string, Mark]>): string {
  return [...marks].map(([id, { offset, checksum }]) => `${id}:${offset}.${checksum.toString(36)}`).join(",");
}

/** Returns the marks by run. Invalid marks are skipped, so these runs are sent from the beginning. */
export function marksOf(cursor: string): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const part of cursor.split(",")) {
    const [, id, offset, checksum] = /^([\w.-]+):(\d{1,15})\.([0-9a-z]{1,7})$/.exec(part) ?? [];
    if (id && offset && checksum)
      marks.set(id, { offset: Number(offset), checksum: Number.parseInt(checksum, 36) });
  }
  return marks;
}
