/** Durations in the format of the pages. */

/** `1 h 02 min`, `3 min 05 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${s} s`;
}

/** Rounded to minutes if seconds would only flicker. */
export function roughly(seconds: number): string {
  if (seconds < 60) return duration(seconds);
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return duration(seconds);
}
