/** Words of a command line that users can paste. */

/** The argument as a shell takes it for one word: as it stands where that is safe. */
export function shellWord(arg: string, platform: NodeJS.Platform): string {
  if (platform === "win32") return /^[\p{L}\p{N}_@+:.,/\\=-]+$/u.test(arg) ? arg : `"${arg}"`;
  return /^[\p{L}\p{N}_@%+:.,/-][\p{L}\p{N}_@%+:.,/=-]*$/u.test(arg)
    ? arg
    : `'${arg.replaceAll("'", "'\\''")}'`;
}

/** The words as a POSIX shell takes them. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => shellWord(word, "linux")).join(" ");
}
