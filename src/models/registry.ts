/** All backbones by name: the exports of the files in `families.ts`. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { type Backbone, checkDeclared } from "./backbone.ts";
import * as families from "./families.ts";

/** Sorted by name, with numbers in numeric order. */
export const backbones: readonly Backbone[] = Object.values<unknown>(families)
  .filter(isBackbone)
  .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));

function isBackbone(exported: unknown): exported is Backbone {
  return typeof exported === "object" && exported !== null && "build" in exported && "stages" in exported;
}

/** Options for looking up a backbone's name. */
export interface BackboneOptions {
  /** The caller's own backbones; they take precedence over registered ones with the same name. */
  readonly backbones?: readonly Backbone[];
}

/**
 * Returns the backbone of this name; an error for an unknown name suggests the nearest.
 *
 * @throws UsageError also for a backbone of the caller's whose declarations contradict each other.
 */
export function backboneNamed(name: string, { backbones: own = [] }: BackboneOptions = {}): Backbone {
  const known = [...own, ...backbones];
  const found = known.find((backbone) => backbone.name === name);
  if (found) {
    if (own.includes(found)) checkDeclared(found);
    return found;
  }
  const names = known.map((backbone) => backbone.name);
  throw new UsageError(
    `there is no backbone "${name}".${didYouMean(name, names)} Valid: ${names.join(", ")}`,
  );
}
