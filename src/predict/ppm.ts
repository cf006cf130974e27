/** Pictures out of a stream of binary PPM files, one after the other, as ffmpeg's `image2pipe` writes them. */

import type { Picture } from "../data/dataset.ts";
import { FormatError } from "../util/errors.ts";

/**
 * The pictures of a stream that is cut into chunks anywhere. One that the stream breaks off in is left out; `onCut` then
 * hears of it.
 *
 * @throws FormatError where a picture does not begin as one.
 */
export async function* ppmPictures(
  chunks: AsyncIterable<Uint8Array>,
  onCut: () => void = () => {},
): AsyncGenerator<Picture> {
  let waiting: Uint8Array[] = [];
  let held = 0;
  let needed = 0;
  let header: { readonly width: number; readonly height: number; readonly length: number } | undefined;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    held += chunk.length;
    while (held > 0 && held >= needed) {
      const bytes = waiting.length === 1 ? (waiting[0] as Uint8Array) : joined(waiting, held);
      waiting = [bytes];
      header ??= headerOf(bytes);
      if (!header) break;
      const { width, height, length } = header;
      needed = length + 3 * width * height;
      if (held < needed) break;
      yield { pixels: bytes.slice(length, needed), width, height, channels: 3 };
      waiting = [bytes.subarray(needed)];
      held -= needed;
      [needed, header] = [0, undefined];
    }
  }
  if (held > 0) onCut();
}

/** `P6`, width, height and 255, each followed by one white-space character; undefined while some of it is missing. */
function headerOf(bytes: Uint8Array): { width: number; height: number; length: number } | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 64));
  const found = /^P6\s(\d+)\s(\d+)\s255\s/.exec(text);
  if (found) return { width: Number(found[1]), height: Number(found[2]), length: found[0].length };
  if (bytes.length >= 64 || !"P6".startsWith(text.slice(0, 2)))
    throw new FormatError(
      `a frame of the video begins with "${text.slice(0, 12)}" instead of the header of a PPM file`,
    );
  return undefined;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
