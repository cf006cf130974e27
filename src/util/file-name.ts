/** File names that every file system accepts. */

/** Maximum bytes of a name. File systems allow 255; the rest is for what is appended: a number, an extension, a partial file's mark. */
const MOST_BYTES = 200;

/** Returns `name`, cut between characters if it has more than `most` bytes. */
export function shortName(name: string, most: number = MOST_BYTES): string {
  const encoder = new TextEncoder();
  let bytes = 0;
  let short = "";
  for (const character of name) {
    bytes += encoder.encode(character).length;
    if (bytes > most) return short;
    short += character;
  }
  return name;
}
