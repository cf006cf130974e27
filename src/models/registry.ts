/** Every backbone by name: adding one is a line here. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import type { Backbone } from "./backbone.ts";
import { convnext_tiny } from "./convnext.ts";
import { efficientnet_b0, efficientnet_b1, efficientnet_b2, efficientnet_b3 } from "./efficientnet.ts";
import { efficientnet_lite0, efficientnet_lite1, efficientnet_lite2 } from "./efficientnet-lite.ts";
import { mobilenet_v1, mobilenet_v1_vggface2 } from "./mobilenet-v1.ts";
import { mobilenet_v2 } from "./mobilenet-v2.ts";
import { mobilenet_v3_large, mobilenet_v3_small } from "./mobilenet-v3.ts";
import { resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d } from "./resnet.ts";
import { squeezenet1_1 } from "./squeezenet.ts";
import { vit_b_16, vit_tiny } from "./vit.ts";
import { vultus_m, vultus_s } from "./vultus.ts";

export const backbones: readonly Backbone[] = [
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  resnext50_32x4d,
  squeezenet1_1,
  mobilenet_v1,
  mobilenet_v1_vggface2,
  mobilenet_v2,
  mobilenet_v3_small,
  mobilenet_v3_large,
  efficientnet_b0,
  efficientnet_b1,
  efficientnet_b2,
  efficientnet_b3,
  efficientnet_lite0,
  efficientnet_lite1,
  efficientnet_lite2,
  convnext_tiny,
  vit_tiny,
  vit_b_16,
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
