/** Words of a command line that users can paste. */

/** Quotes an argument as one word for a shell; unchanged if that is safe. */
export function shellWord(arg: string, platform: NodeJS.Platform): string {
  if (platform === "win32") return /^[\p{L}\p{N}_@+:.,/\\=-]+$/u.test(arg) ? arg : `"${arg}"`;
  return /^[\p{L}\p{N}_@%+:.,/-][\p{L}\p{N}_@%+:.,/=-]*$/u.test(arg)
    ? arg
    : `'${arg.replaceAll("'", "'\\''")}'`;
}

/** Quotes words for a POSIX shell. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => shellWord(word, "linux")).join(" ");
}
