/** Converts ranges of floats to scales and zero points of bytes. */

import type { Value } from "../graph/types.ts";
import { UsageError } from "../util/errors.ts";
import type { Point, QuantizationPlan } from "./quantize-plan.ts";

/** The least and greatest number that bytes can represent; numbers outside are clipped to these. */
export interface Range {
  readonly least: number;
  readonly greatest: number;
}

/** Ranges of a network's values, by the names of their points. */
export type Ranges = ReadonlyMap<string, Range>;

/** x = (q − zero) · scale, where q is a uint8. */
export interface Affine {
  readonly scale: number;
  readonly zero: number;
}

/** Returns the scale and zero point of every point of a plan; points of one group share them. */
export function affinesOf(points: QuantizationPlan["points"], ranges: Ranges): Map<Value, Affine> {
  const byGroup = new Map<string, Range>();
  for (const { name, group } of points.values()) {
    const range = ranges.get(name);
    if (!range) throw new UsageError(`the calibration has no range for ${name}; calibrate this classifier`);
    byGroup.set(group, union(byGroup.get(group) ?? range, range));
  }
  const affine = ({ group }: Point): Affine => affineOf(byGroup.get(group) as Range);
  return new Map([...points].map(([value, point]) => [value, affine(point)]));
}

/** Returns the uint8 mapping for a range, which is widened to contain 0: padding and ReLU need an exact 0. */
export function affineOf({ least, greatest }: Range): Affine {
  const [low, high] = [Math.min(least, 0), Math.max(greatest, 0)];
  // A value that is always 0 needs no scale, but runtimes divide by it.
  const scale = Math.fround((high - low) / 255) || 1;
  return { scale, zero: Math.round(0 - low / scale) };
}

function union(a: Range, b: Range): Range {
  return { least: Math.min(a.least, b.least), greatest: Math.max(a.greatest, b.greatest) };
}
