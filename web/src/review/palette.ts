/** Distinguishes classes by colours that everybody can tell apart, and by shapes if there are more classes than colours. */

import { known } from "../style/accents.ts";

export interface Marking {
  /** A CSS variable. */
  readonly colour: string;
  readonly shape: Shape;
}

export const shapes = ["circle", "square", "triangle", "diamond"] as const;
export type Shape = (typeof shapes)[number];

/** A class with its own colour gets that; the others get the remaining colours, and then all colours again with another shape. */
export function paletteOf(classes: readonly string[]): readonly Marking[] {
  const own = classes.map((name) => known.indexOf(name.toLowerCase()));
  const uses = known.map((_, accent) => Number(own.includes(accent)));
  return own.map((accent) => {
    if (accent >= 0) return markingOf(accent, 0);
    const least = uses.indexOf(Math.min(...uses));
    const marking = markingOf(least, uses[least] as number);
    uses[least] = (uses[least] as number) + 1;
    return marking;
  });
}

export function markingOf(accent: number, use: number): Marking {
  return { colour: `--${known[accent]}`, shape: shapes[use % shapes.length] as Shape };
}
