/** Recognises placeholder content in a file of any name, and states how to get the real content. */

/* oxlint-disable no-control-regex -- Signatures contain bytes of any value. */
const signatures: readonly (readonly [begin: RegExp, what: string])[] = [
  [/^version https:\/\/git-lfs/, "a Git LFS pointer; fetch the file itself with `git lfs pull`"],
  [/^\/annex\/objects\//, "a git-annex pointer; fetch the file itself with `git annex get`"],
  [
    /^\s*<(!doctype html|html\b)/i,
    "a web page; the address that it came from has no such file, or requires you to sign in",
  ],
  [/^\x1f\x8b/, "compressed by gzip; unpack it with `gunzip`"],
  [/^BZh\d/, "compressed by bzip2; unpack it with `bunzip2`"],
  [/^\xfd7zXZ/, "compressed by xz; unpack it with `unxz`"],
  [/^7z\xbc\xaf/, "a 7z archive; unpack it with `7z x`"],
  [/^Rar!/, "a RAR archive; unpack it with `7z x`"],
  [/^[^]{257}ustar/, "a tar archive; unpack it with `tar -xf`"],
  [/^\0{64}/, "nothing but zeros; it was not written in full"],
];

/** Number of bytes that is enough to recognise it. */
export const FOREIGN_HEAD = 512;

/** Returns the first bytes as text with one character per byte, for patterns. */
export function textOf(bytes: Uint8Array, length: number = FOREIGN_HEAD): string {
  return Array.from(bytes.subarray(0, length), (byte) => String.fromCharCode(byte)).join("");
}

/** Describes such content with the remedy, for example `a web page; …`; undefined for anything else. */
export function foreignContent(bytes: Uint8Array): string | undefined {
  const head = textOf(bytes);
  return signatures.find(([begin]) => begin.test(head))?.[1];
}
