/** Whole backbones against numbers from PyTorch in reference/backbone-*.json: needs no Python. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describe } from "../src/models/classifier.ts";
import { compileForward } from "../src/program/predict.ts";
import { compileTrain } from "../src/program/train.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { Stepper } from "../src/train/stepper.ts";
import { floatTensor, type Tensor } from "../src/util/tensor.ts";
import { formulaLabels, formulaPictures, formulaTensor, tinyFloats } from "./reference/formula.ts";
import {
  type BackboneArguments,
  referenceAdamW,
  referenceArchitecture,
} from "./support/backbone-reference.ts";

interface Reference {
  arguments: BackboneArguments;
  logits: number[][];
  losses: number[];
  /** Batch norm's running statistics, in 8-bit floats. */
  statistics: Record<string, string>;
}

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));

test.each(["resnet18", "resnet50", "squeezenet1_1"])(
  "%s answers and trains as PyTorch's",
  { timeout: 300_000 },
  async (model) => {
    const path = new URL(`reference/backbone-${model}.json`, import.meta.url);
    const {
      arguments: given,
      logits,
      losses,
      statistics,
    } = JSON.parse(readFileSync(path, "utf8")) as Reference;
    const { size, batch, classes } = given;
    const architecture = referenceArchitecture(model, given);
    const weights = new Map(
      describe(architecture).specs.map(({ name, shape }) => {
        const tiny = statistics[name];
        return [name, tiny ? floatTensor(shape, tinyFloats(tiny)) : formulaTensor(name, shape)] as const;
      }),
    );
    const pictures = (step: number): Tensor => formulaPictures(`x.${step}`, [batch, 3, size, size]);

    const forward = await engine.open(compileForward(architecture, weights));
    const answers = (await forward.run({ pictures: pictures(0) })).logits?.data as Float32Array;
    await forward.release();
    const largest = Math.max(...logits.flat().map(Math.abs));
    for (const [i, value] of logits.flat().entries())
      expect(Math.abs((answers[i] as number) - value) / largest).toBeLessThan(1e-5);

    const optimizer = referenceAdamW(given);
    const stages = ["head", ...given.train.split("+")];
    const program = compileTrain({
      architecture,
      weights,
      batch,
      trainable: (stage) => stages.includes(stage),
      input: { kind: "normalised" },
      batchNorm: "running",
      optimizer,
      labelSmoothing: 0.1,
    });
    const stepper = await Stepper.open(engine, program, { rate: given.lr });
    await stepper.load(weights);
    for (const [step, expected] of losses.entries()) {
      const targets = new Float32Array(batch * classes);
      for (const [row, label] of formulaLabels(`labels.${step}`, batch, classes).entries())
        targets[row * classes + label] = 1;
      const feeds: Record<string, Tensor> = {
        pictures: pictures(step),
        targets: floatTensor([batch, classes], targets),
      };
      const { loss } = await stepper.step(feeds);
      expect(Math.abs(loss / expected - 1), `loss of step ${step}`).toBeLessThan(5e-6);
    }
    await stepper.release();
  },
);
