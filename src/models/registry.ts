/** Every backbone by name: those that the files of `families.ts` export. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import type { Backbone } from "./backbone.ts";
import * as families from "./families.ts";

/** In the order of their names, of which the numbers count as numbers. */
export const backbones: readonly Backbone[] = Object.values<unknown>(families)
  .filter(isBackbone)
  .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));

function isBackbone(exported: unknown): exported is Backbone {
  return typeof exported === "object" && exported !== null && "build" in exported && "stages" in exported;
}

/** Where a backbone may be found by its name. */
export interface BackboneOptions {
  /** Backbones of the caller's own; they come before registered ones of the same name. */
  readonly backbones?: readonly Backbone[];
}

/** The backbone of this name; an unknown one is refused with the nearest. */
export function backboneNamed(name: string, { backbones: own = [] }: BackboneOptions = {}): Backbone {
  const known = [...own, ...backbones];
  const found = known.find((backbone) => backbone.name === name);
  if (found) return found;
  const names = known.map((backbone) => backbone.name);
  throw new UsageError(
    `there is no backbone "${name}".${didYouMean(name, names)} Valid: ${names.join(", ")}`,
  );
}
