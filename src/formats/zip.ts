/**
 * Zip archives whose entries are stored, not compressed, as PyTorch writes them (PKWARE's APPNOTE 6.3): entries are
 * viewed in the file's bytes, whereas the libraries for zip files copy them. A compressed entry is refused, so nothing
 * can expand.
 */

import { FormatError } from "../util/errors.ts";
import { crc32 } from "./crc32.ts";

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
/** An end record is 22 bytes and a comment of up to 64 KiB. */
const LONGEST_END = 22 + 0xffff;
/** Values that mark numbers as stored in a 64-bit record instead. */
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;

/**
 * Returns the entries of an archive by name; `file` is its name in error messages. `check` sees all names before any entry is
 * read, and may throw.
 *
 * @throws FormatError that names the byte.
 */
export function readStoredZip(
  bytes: Uint8Array,
  file: string,
  check: (names: readonly string[]) => void = () => {},
): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, Uint8Array>();
  const places: { name: string; begin: number; end: number }[] = [];
  const directory = readDirectory();
  check(directory.map(({ name }) => name));
  for (const { name, size, checksum, offset, position, isStored } of directory) {
    if (!isStored) {
      throw fail(
        position,
        `${name} is compressed, and vultus reads what torch.save stores; unpack it and store it, or save it again`,
      );
    }
    if (entries.has(name)) throw fail(position, `it contains ${name} twice`);
    const begin = need(offset, 30, `the header of ${name}`);
    if (view.getUint32(begin, true) !== LOCAL) throw fail(begin, `there is no entry where ${name} should be`);
    const names = view.getUint16(begin + 26, true) + view.getUint16(begin + 28, true);
    const data = need(begin + 30 + names, size, name);
    const content = bytes.subarray(data, data + size);
    // PyTorch omits the checksum if asked to be fast.
    if (checksum !== 0 && crc32(content) !== checksum)
      throw fail(data, `the checksum of ${name} is wrong; fetch the file again`);
    entries.set(name, content);
    places.push({ name, begin, end: data + size });
  }
  places.sort((a, b) => a.begin - b.begin);
  for (const [i, { begin, name }] of places.entries()) {
    const before = places[i - 1];
    if (before && before.end > begin) throw fail(begin, `${name} begins inside ${before.name}`);
  }
  return entries;

  function fail(position: number, problem: string): FormatError {
    return new FormatError(`${file} is a damaged zip archive: ${problem} (byte ${position})`);
  }

  /** Returns the position, after checking that `length` bytes exist there. */
  function need(position: number, length: number, what: string): number {
    if (position < 0 || position + length > bytes.length)
      throw fail(position, `${what} lies outside the file`);
    return position;
  }

  function uint64(position: number): number {
    return Number(view.getBigUint64(need(position, 8, "a number"), true));
  }

  function findDirectory(): { count: number; position: number } {
    const least = Math.max(0, bytes.length - LONGEST_END);
    let end = bytes.length - 22;
    while (end >= least && view.getUint32(end, true) !== END) end--;
    if (end < least) throw fail(bytes.length, "it has no end record, so it is cut short; fetch it again");
    const count = view.getUint16(end + 10, true);
    const position = view.getUint32(end + 16, true);
    if (count !== FULL16 && position !== FULL32) return { count, position };
    const locator = need(end - 20, 20, "the place of its large end record");
    if (view.getUint32(locator, true) !== LOCATOR64) throw fail(locator, "its large end record is missing");
    const large = need(uint64(locator + 8), 56, "its large end record");
    if (view.getUint32(large, true) !== END64) throw fail(large, "its large end record is missing");
    return { count: uint64(large + 32), position: uint64(large + 48) };
  }

  function readDirectory() {
    const found: ReturnType<typeof readEntry>[] = [];
    let { position, count } = findDirectory();
    for (; count > 0; count--) {
      const entry = readEntry(position);
      found.push(entry);
      position = entry.next;
    }
    return found;
  }

  /** Reads the directory entry at `position`. */
  function readEntry(position: number) {
    need(position, 46, "its directory");
    if (view.getUint32(position, true) !== DIRECTORY) throw fail(position, "its directory ends early");
    const nameEnd = position + 46 + view.getUint16(position + 28, true);
    const extraEnd = nameEnd + view.getUint16(position + 30, true);
    need(position, extraEnd - position, "its directory");
    const name = new TextDecoder().decode(bytes.subarray(position + 46, nameEnd));
    // Numbers marked as overflowing are in an extra field of kind 1, in this order.
    let wide = nameEnd;
    while (wide + 4 <= extraEnd && view.getUint16(wide, true) !== 1)
      wide += 4 + view.getUint16(wide + 2, true);
    wide += 4;
    const [size, , offset] = [24, 20, 42].map((at) => {
      const short = view.getUint32(position + at, true);
      if (short !== FULL32) return short;
      wide += 8;
      return uint64(wide - 8);
    }) as [number, number, number];
    const next = extraEnd + view.getUint16(position + 32, true);
    const isStored = view.getUint16(position + 10, true) === 0;
    return { name, size, offset, position, isStored, checksum: view.getUint32(position + 16, true), next };
  }
}

/** The flag for an entry name in UTF-8. */
const UTF8 = 0x0800;

/** PyTorch's alignment of the data of every entry, which allows memory mapping. */
const ALIGNMENT = 64;

/**
 * Returns the parts of an archive that stores `entries` in this order. @throws FormatError beyond 4 GiB or 65,534
 * entries.
 */
export function writeStoredZip(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  const push = (...added: readonly Uint8Array[]): void => {
    for (const part of added) position += part.length;
    parts.push(...added);
  };
  for (const [name, data] of entries) {
    const encoded = new TextEncoder().encode(name);
    const start = position;
    // An extra field of zeros pads to the alignment; its header takes four bytes.
    const padding = -(start + 30 + encoded.length + 4) & (ALIGNMENT - 1);
    const checksum = crc32(data);
    // Version, flags (names that are not ASCII are UTF-8) and method, time and date, checksum, both sizes, lengths of the name and of the extra fields.
    const numbers = [
      [2, 20],
      [4, encoded.length > name.length ? UTF8 : 0],
      [4, 0],
      [4, checksum],
      [4, data.length],
      [4, data.length],
      [2, encoded.length],
    ] as const;
    const description = (extra: number): Uint8Array => fields(...numbers, [2, extra]);
    push(fields([4, LOCAL]), description(4 + padding), encoded);
    push(fields([2, 0x4246], [2, padding]), new Uint8Array(padding), data);
    directory.push(fields([4, DIRECTORY], [2, 20]), description(0));
    // Length of the comment, disk, attributes, and position of the entry.
    directory.push(fields([2, 0], [2, 0], [2, 0], [4, 0], [4, start]), encoded);
  }
  const start = position;
  for (const part of directory) push(part);
  const { length } = entries;
  if (position > FULL32 || length >= FULL16)
    throw new FormatError(
      `${length} entries of ${position} bytes are more than a 32-bit zip archive can contain`,
    );
  // Disks, entries on this disk and in total, size and position of the directory, length of the comment.
  push(fields([4, END], [4, 0], [2, length], [2, length], [4, position - start], [4, start], [2, 0]));
  return parts;
}

/** Encodes little-endian numbers, each given as its width in bytes and its value. */
function fields(...numbers: readonly (readonly [width: 2 | 4, value: number])[]): Uint8Array {
  const out = new Uint8Array(numbers.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [width, value] of numbers) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return out;
}
