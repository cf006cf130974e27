/** Every backbone by name: adding one is a line here. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import type { Backbone } from "./backbone.ts";
import { resnet18, resnet34, resnet50, resnet101, resnet152 } from "./resnet.ts";
import { squeezenet1_1 } from "./squeezenet.ts";
import { vultus_m, vultus_s } from "./vultus.ts";

export const backbones: readonly Backbone[] = [
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  squeezenet1_1,
  vultus_s,
  vultus_m,
];

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
