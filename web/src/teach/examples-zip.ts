/** The examples as an archive with a folder per class, which `vultus train` accepts once it is unpacked. */

import { writeStoredZip } from "../../../src/formats/zip.ts";
import type { Example, TaughtClass } from "./project.ts";

/**
 * Images are numbered within their class; frames of one recording are adjacent, and their names identify the recording.
 * @throws FormatError beyond 4 GiB or 65,534 examples.
 */
export async function examplesZip(
  classes: readonly TaughtClass[],
  examples: readonly Example[],
): Promise<Blob> {
  const entries: [string, Uint8Array][] = [];
  for (const { id, name } of classes) {
    const own = examples.filter((example) => example.class === id);
    const recordings = [...new Set(own.map(({ recording }) => recording))];
    const sorted = recordings.flatMap((recording) => own.filter((one) => one.recording === recording));
    for (const [i, { recording, image }] of sorted.entries()) {
      const from = recording === undefined ? "file" : `recording-${1 + recordings.indexOf(recording)}`;
      const number = String(i + 1).padStart(4, "0");
      entries.push([`${name}/${from}-${number}.png`, new Uint8Array(await image.arrayBuffer())]);
    }
  }
  return new Blob(writeStoredZip(entries) as Uint8Array<ArrayBuffer>[], { type: "application/zip" });
}
