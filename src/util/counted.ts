/** Formats a count with its noun: `1 epoch`, `2 epochs`, `0.5 epochs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
