/** Words of a command line that a person can paste. */

/** The words as a POSIX shell takes them, each quoted where it must be. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => (isPlain(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

function isPlain(word: string): boolean {
  return /^[\p{L}\p{N}_@%+:.,/-][\p{L}\p{N}_@%+:.,/=-]*$/u.test(word);
}
