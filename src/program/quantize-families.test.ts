/** The int8 bundles of mobile networks and transformers: close to the float ones, and quantized where that pays off. */

import { describe, expect, test } from "vitest";
import { families, familyArchitecture } from "../../test/support/families.ts";
import {
  architecture,
  BITS,
  blotches,
  CANVAS,
  COUNT,
  calibrated,
  channelsLast,
  initializersOf,
  operatorsIn,
  operatorsRun,
  relativeError,
  run,
  withStatistics,
} from "../../test/support/quantized.ts";
import type { Architecture } from "../models/classifier.ts";
import { compileBundle } from "./bundle.ts";
import { compileQuantized } from "./quantize.ts";

/** Convolutions and token products that ONNX Runtime computes on bytes, and gate convolutions, which it computes in float32. */
const expected: Readonly<
  Record<string, { readonly conv?: number; readonly tokens?: number; readonly gates?: number }>
> = {
  own_mobile: { conv: 7, gates: 5 },
  own_grouped: { conv: 2 },
  own_next: { conv: 2, tokens: 2 },
  own_transformer: { conv: 1, tokens: 8 },
  mobilenet_v2: { conv: 52 },
  mobilenet_v3_small: { conv: 34, tokens: 1, gates: 18 },
  efficientnet_lite0: { conv: 49 },
  vit_tiny: { conv: 1, tokens: 48 },
};

const own = families.map((backbone): [string, Architecture] => [backbone.name, familyArchitecture(backbone)]);
const registered = ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_lite0", "vit_tiny"].map(
  (name): [string, Architecture] => [name, architecture(name, 64, "linear")],
);

describe.each([...own, ...registered])("%s", async (name, built) => {
  const pictures = blotches(COUNT, CANVAS, "calibration");
  const weights = await withStatistics(built, pictures);
  const ranges = await calibrated(built, weights, pictures);
  const float = compileBundle({ architecture: built, weights });
  const feeds = { pictures: channelsLast(blotches(8, CANVAS, "test")) };
  const errorOf = async (model: Uint8Array, output: string): Promise<number> =>
    relativeError((await run(model, feeds))[output], (await run(float.model, feeds))[output]);

  test("gives nearly what the float bundle gives, its nodes on bytes", async () => {
    const { model } = compileQuantized({ architecture: built, weights, ranges, weightBits: BITS });
    // For ResNets it is up to 0.12. Random networks of fifty layers amplify more: up to 0.12 even if only the weights are
    // quantized.
    expect(await errorOf(model, "logits")).toBeLessThan(BITS === 8 ? 0.18 : 0.3);
    expect(await errorOf(model, "embedding")).toBeLessThan(BITS === 8 ? 0.24 : 0.48);
    const ran = await operatorsRun(model);
    const { conv, tokens, gates = 0 } = expected[name] as (typeof expected)[string];
    expect(ran.QLinearConv).toBe(conv);
    expect((ran.Conv ?? 0) + (ran.FusedConv ?? 0)).toBe(gates);
    expect(ran.MatMulIntegerToFloat).toBe(tokens);
    // The range of bytes from 0 to 6 already clips.
    expect(ran.Clip).toBe(undefined);
  });

  test("with bytes for weights alone everything computes in float32", async () => {
    const { model } = compileQuantized({
      architecture: built,
      weights,
      ranges: new Map(),
      weightsOnly: true,
    });
    expect(operatorsIn(model).QuantizeLinear).toBe(undefined);
    const dtypes = [...initializersOf(model).values()].map(({ dtype }) => dtype);
    const { Conv = 0, Gemm = 0 } = operatorsIn(model);
    expect(dtypes.filter((dtype) => dtype === "int8")).toHaveLength(
      Conv + Gemm + (expected[name]?.tokens ?? 0),
    );
    expect(await errorOf(model, "logits")).toBeLessThan(0.15);
  });
});
