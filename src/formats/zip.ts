/**
 * Zip archives whose entries are stored, not compressed, as PyTorch writes them: entries are viewed in the file's bytes,
 * where the libraries for zip files copy them. A compressed entry is refused, so nothing can swell.
 */

import { FormatError } from "../util/errors.ts";

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
/** An end record is 22 bytes and a comment of up to 64 KiB. */
const LONGEST_END = 22 + 0xffff;

/** The stored entries of an archive by name; `file` is what errors call it. @throws FormatError that names the byte. */
export function readStoredZip(bytes: Uint8Array, file: string): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (position: number, problem: string): FormatError =>
    new FormatError(`${file} is a damaged zip archive: ${problem} (byte ${position})`);
  const need = (position: number, length: number, what: string): void => {
    if (position < 0 || position + length > bytes.length)
      throw fail(position, `${what} lies outside the file`);
  };
  const long = (position: number): number => {
    need(position, 8, "a number");
    return Number(view.getBigUint64(position, true));
  };

  const { count, start } = findDirectory();
  const entries = new Map<string, Uint8Array>();
  let position = start;
  for (let i = 0; i < count; i++) {
    need(position, 46, "an entry of its directory");
    if (view.getUint32(position, true) !== DIRECTORY) throw fail(position, "its directory ends early");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) =>
      view.getUint16(position + at, true),
    ) as [number, number, number];
    need(position + 46, nameLength + extraLength, "a name");
    const name = new TextDecoder().decode(bytes.subarray(position + 46, position + 46 + nameLength));
    if (view.getUint16(position + 10, true) !== 0) {
      throw fail(
        position,
        `${name} is compressed; torch.save stores its entries, so save the file again with it`,
      );
    }
    if (entries.has(name)) throw fail(position, `it holds ${name} twice`);
    const { size, offset } = extents(position, position + 46 + nameLength, extraLength);
    need(offset, 30, `the header of ${name}`);
    if (view.getUint32(offset, true) !== LOCAL)
      throw fail(offset, `there is no entry where ${name} should be`);
    const data = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
    need(data, size, name);
    entries.set(name, bytes.subarray(data, data + size));
    position += 46 + nameLength + extraLength + commentLength;
  }
  return entries;

  function findDirectory(): { count: number; start: number } {
    const least = Math.max(0, bytes.length - LONGEST_END);
    let end = bytes.length - 22;
    while (end >= least && view.getUint32(end, true) !== END) end--;
    if (end < least) throw fail(bytes.length, "it has no end record, so it is cut short");
    const count = view.getUint16(end + 10, true);
    const start = view.getUint32(end + 16, true);
    if (count !== 0xffff && start !== 0xffffffff) return { count, start };
    const locator = end - 20;
    if (locator < 0 || view.getUint32(locator, true) !== LOCATOR64)
      throw fail(end, "its large end record is missing");
    const large = long(locator + 8);
    need(large, 56, "its large end record");
    if (view.getUint32(large, true) !== END64) throw fail(large, "its large end record is missing");
    return { count: long(large + 32), start: long(large + 48) };
  }

  /** Size and position of an entry; large ones are in an extra field, in this order, where the short ones are full. */
  function extents(entry: number, extra: number, length: number): { size: number; offset: number } {
    let size = view.getUint32(entry + 24, true);
    let offset = view.getUint32(entry + 42, true);
    const packed = view.getUint32(entry + 20, true);
    for (let at = extra; at + 4 <= extra + length; at += 4 + view.getUint16(at + 2, true)) {
      if (view.getUint16(at, true) !== 1) continue;
      let next = at + 4;
      if (size === 0xffffffff) {
        size = long(next);
        next += 8;
      }
      if (packed === 0xffffffff) next += 8;
      if (offset === 0xffffffff) offset = long(next);
    }
    return { size, offset };
  }
}

/** What PyTorch aligns the data of every entry to, so that it can be mapped into memory. */
const ALIGNMENT = 64;
const LARGEST = 0xffffffff;

/** The parts of an archive that stores `entries` in this order. */
export function writeStoredZip(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  const push = (part: Uint8Array, to = parts): void => {
    to.push(part);
    if (to === parts) position += part.length;
  };
  for (const [name, data] of entries) {
    const encoded = new TextEncoder().encode(name);
    const crc = crc32(data);
    // An extra field of zeros fills up to the alignment; its own header takes four bytes.
    const padding = (ALIGNMENT - ((position + 30 + encoded.length + 4) % ALIGNMENT)) % ALIGNMENT;
    const extra = new Uint8Array(4 + padding);
    const fields = new DataView(extra.buffer);
    fields.setUint16(0, 0x4246, true);
    fields.setUint16(2, padding, true);
    const start = position;
    if (start + data.length > LARGEST)
      throw new FormatError(`${name} does not fit: the archive would exceed 4 GiB`);
    push(header(LOCAL, crc, data.length, encoded.length, extra.length));
    push(encoded);
    push(extra);
    push(data);
    const entry = new Uint8Array(46);
    const local = header(LOCAL, crc, data.length, encoded.length, 0);
    entry.set(local.subarray(4), 6);
    const view = new DataView(entry.buffer);
    view.setUint32(0, DIRECTORY, true);
    view.setUint16(4, 20, true);
    view.setUint32(42, start, true);
    push(entry, directory);
    push(encoded, directory);
  }
  const start = position;
  for (const part of directory) push(part);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, position - start, true);
  end.setUint32(16, start, true);
  push(new Uint8Array(end.buffer));
  return parts;
}

function header(signature: number, crc: number, size: number, name: number, extra: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(30));
  view.setUint32(0, signature, true);
  view.setUint16(4, 20, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, size, true);
  view.setUint32(22, size, true);
  view.setUint16(26, name, true);
  view.setUint16(28, extra, true);
  return new Uint8Array(view.buffer);
}

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** The checksum of zip archives (ISO 3309). */
export function crc32(data: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < data.length; i++) {
    crc = (crc >>> 8) ^ (crcTable[(crc ^ (data[i] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}
