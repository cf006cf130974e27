/** File names that every file system takes. */

/** Of the 255 bytes that a name may have, the number reserved for what is appended: a number, an extension, the mark of a part. */
const MOST_BYTES = 200;

/** `name` as it is, or its beginning where it is longer than file systems allow, in whole characters. */
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
