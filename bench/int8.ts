/**
 * Compares ResNet50 as an int8 bundle with the float one: images of 224 px, including preprocessing, in alternating turns.
 *
 *     node --import tsx bench/int8.ts [--model resnet50] [--size 224] [--batch 16] [--threads 2] [--turns 7]
 *
 * prints one row as JSON: `value` is int8, `peerValue` float, `ratio` the median of their ratios within a turn.
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packValidation } from "../src/augment/validation.ts";
import { fittingBits } from "../src/export/int8.node.ts";
import { type Architecture, describe, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { compileBundle } from "../src/program/bundle.ts";
import { compileQuantized } from "../src/program/quantize.ts";
import { compileCalibration, rangesOf } from "../src/program/quantize-calibration.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { random } from "../src/util/random.ts";
import type { Tensor } from "../src/util/tensor.ts";
import type { Row } from "./row.ts";
import { median } from "./turns.ts";

export interface Int8Options {
  readonly model: string;
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
}

const usual: Int8Options = { model: "resnet50", size: 224, batch: 16, threads: 2 };

/** Random weights: the time does not depend on them. */
export async function int8(turns: number, options: Int8Options = usual): Promise<Row> {
  const { model, size, batch, threads } = options;
  const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
  const backbone = backboneNamed(model);
  const architecture: Architecture = {
    backbone,
    head: "reference",
    classes,
    dropout: 0,
    inputSize: size,
    resize: 1,
  };
  const weights = withNewWeights(describe(architecture).specs, new Map(), 1);
  const open = (program: Uint8Array) => openSession(program, { device: "cpu", threads });

  const canvas = { width: size, height: size, channels: 3 } as const;
  const pictures = noise([2, 3, size, size]);
  const calibration = await open(compileCalibration(architecture, weights, canvas).model);
  const ranges = rangesOf([
    await calibration.run({ pictures, ...packValidation([canvas, canvas], size, 1) }),
  ]);
  await calibration.release();

  const bundles = [
    compileQuantized({ architecture, weights, ranges, weightBits: fittingBits() }).model,
    compileBundle({ architecture, weights }).model,
  ];
  const sessions = await Promise.all(bundles.map(open));
  const feeds = { pictures: noise([batch, size, size, 3]) };
  const speeds: [number[], number[]] = [[], []];
  for (let turn = 0; turn <= turns; turn++) {
    for (const [i, session] of sessions.entries()) {
      const started = performance.now();
      await session.run(feeds);
      // The first turn warms up both.
      if (turn > 0) speeds[i]?.push((1000 * batch) / (performance.now() - started));
    }
  }
  for (const session of sessions) await session.release();
  const [own, peer] = speeds;
  return {
    name: `int8-${model}`,
    value: median(own),
    unit: "img/s",
    peer: "float",
    peerValue: median(peer),
    ratio: median(own.map((speed, turn) => speed / (peer[turn] as number))),
  };
}

function noise(shape: readonly number[]): Tensor {
  const rng = random("noise", ...shape);
  const length = shape.reduce((product, extent) => product * extent, 1);
  return { dtype: "uint8", shape, data: Uint8Array.from({ length }, () => rng.integer(256)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: usual.model },
      size: { type: "string", default: String(usual.size) },
      batch: { type: "string", default: String(usual.batch) },
      threads: { type: "string", default: String(usual.threads) },
      turns: { type: "string", default: "7" },
    },
  });
  const [size, batch, threads] = [Number(values.size), Number(values.batch), Number(values.threads)];
  console.log(
    JSON.stringify(await int8(Number(values.turns), { model: values.model, size, batch, threads })),
  );
}
