/** Recognises camera raw files (DNG, NEF, CR2, ARW, …). They are TIFFs, and a TIFF decoder would read their thumbnail. */

const NEW_SUBFILE_TYPE = 254;
const REDUCED = 1;
const DNG_VERSION = 50706;

/**
 * Whether a TIFF is a raw file: by Canon's mark, by Adobe's tag, or because its first image is a small copy of another.
 */
export function isRawTiff(bytes: Uint8Array): boolean {
  if (bytes.length < 16) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  if (view.getUint16(2, little) !== 42) return false;
  if (bytes[8] === 0x43 && bytes[9] === 0x52) return true;
  const start = view.getUint32(4, little);
  if (start + 2 > bytes.length) return false;
  const count = view.getUint16(start, little);
  for (let at = start + 2, i = 0; i < count && at + 12 <= bytes.length; i++, at += 12) {
    const tag = view.getUint16(at, little);
    if (tag === DNG_VERSION) return true;
    if (tag === NEW_SUBFILE_TYPE && view.getUint32(at + 8, little) & REDUCED) return true;
  }
  return false;
}
