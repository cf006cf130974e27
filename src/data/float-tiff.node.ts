/**
 * Reads TIFFs of 64-bit and 16-bit floats, which libvips refuses or misreads as integers; NumPy's default is 64 bits.
 */

import { inflateSync } from "node:zlib";
import { fromFloat16 } from "../util/half.ts";
import { UnreadableImage } from "./unreadable.ts";

export interface FloatSamples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels]; may include non-finite values from the file. */
  readonly samples: Float32Array;
}

/** Tags of TIFF 6.0 and of Adobe's supplements. */
const tag = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  strips: 273,
  channels: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  sampleFormat: 339,
} as const;
const IEEE_FLOAT = 3;

/** Maximum compression ratio of Deflate. A file that claims more pixels is refused before memory is allocated. */
const MOST_DEFLATED = 1032;

/** Bytes per value type: BYTE, ASCII, SHORT and LONG; no others occur in these tags. */
const typeSizes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4 };

/**
 * Reads the first image of a TIFF of 64- or 16-bit floats, uncompressed or deflated; returns undefined for other
 * TIFFs.
 *
 * @param check receives the size before samples are read, and throws if it is too large.
 * @throws UnreadableImage for such floats in tiles, in another compression, or truncated.
 */
export function readFloatTiff(
  bytes: Uint8Array,
  check: (size: { width: number; height: number }) => void,
): FloatSamples | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  if (bytes.length < 8 || view.getUint16(2, little) !== 42) return undefined;
  const directory = directoryOf(view, little);
  const one = (name: keyof typeof tag, otherwise: number): number => directory(tag[name])[0] ?? otherwise;
  const bits = one("bits", 1);
  if (one("sampleFormat", 1) !== IEEE_FLOAT || (bits !== 64 && bits !== 16)) return undefined;
  const [width, height, channels] = [one("width", 0), one("height", 0), one("channels", 1)];
  check({ width, height });
  const compression = one("compression", 1);
  const isDeflated = compression === 8 || compression === 32946;
  const offsets = directory(tag.strips);
  const isPlain = offsets.length > 0 && one("planar", 1) === 1 && one("predictor", 1) === 1;
  if (!isPlain || !(compression === 1 || isDeflated) || one("photometric", 1) > 2 || channels > 4)
    throw new UnreadableImage(
      "unsupported_format",
      `a TIFF of ${bits}-bit floats in a compression or layout that vultus does not read; save it with uncompressed 32-bit floats`,
    );
  const counts = directory(tag.stripBytes);
  const stored = counts.reduce((sum, count) => sum + Math.min(count, bytes.length), 0);
  if ((width * height * channels * bits) / 8 > stored * (isDeflated ? MOST_DEFLATED : 1))
    throw new UnreadableImage("damaged", "damaged TIFF: its samples are truncated");
  const samples = new Float32Array(width * height * channels);
  const maxOutputLength = Math.max(1, (samples.length * bits) / 8);
  let at = 0;
  for (const [i, offset] of offsets.entries()) {
    const packed = bytes.subarray(offset, offset + (counts[i] ?? 0));
    const strip = isDeflated ? inflateSync(packed, { maxOutputLength }) : packed;
    const values = new DataView(strip.buffer, strip.byteOffset, strip.byteLength);
    const count = Math.min(samples.length - at, Math.floor((8 * strip.length) / bits));
    for (let k = 0; k < count; k++)
      samples[at++] =
        bits === 64 ? values.getFloat64(8 * k, little) : fromFloat16(values.getUint16(2 * k, little));
  }
  if (at < samples.length) throw new UnreadableImage("damaged", "damaged TIFF: its samples are truncated");
  if (one("photometric", 1) === 0) for (let i = 0; i < at; i++) samples[i] = 1 - (samples[i] as number);
  return { width, height, channels, samples };
}

/** Returns a function for the values of a tag in the first directory; there are none if the tag is missing. */
function directoryOf(view: DataView, little: boolean): (wanted: number) => readonly number[] {
  const start = view.getUint32(4, little);
  const count = start + 2 <= view.byteLength ? view.getUint16(start, little) : 0;
  return (wanted) => {
    for (let at = start + 2; at < start + 2 + 12 * count && at + 12 <= view.byteLength; at += 12) {
      if (view.getUint16(at, little) !== wanted) continue;
      const [type, length] = [view.getUint16(at + 2, little), view.getUint32(at + 4, little)];
      const size = typeSizes[type] ?? 0;
      const from = size * length <= 4 ? at + 8 : view.getUint32(at + 8, little);
      if (size === 0 || from + size * length > view.byteLength) return [];
      return Array.from({ length }, (_, i) => {
        const place = from + size * i;
        if (size === 1) return view.getUint8(place);
        return size === 2 ? view.getUint16(place, little) : view.getUint32(place, little);
      });
    }
    return [];
  };
}
