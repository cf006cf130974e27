/** Defines a small network and trains it to distinguish happy from surprised faces, which are drawn by formula for every step. */

import {
  type Architecture,
  type Backbone,
  compileForward,
  compileTrain,
  describe,
  drawFace,
  floatTensor,
  type OptimizerOptions,
  rateAt,
  Stepper,
  startEngine,
  withNewWeights,
} from "vultus";

const [size, batch, totalSteps] = [48, 32, 300];
const classes = ["happy", "surprise"] as const;

/** Four blocks: a convolution to half the side, batch norm, ReLU. */
const stages = ["conv1", "conv2", "conv3", "conv4"];
const small: Backbone = {
  name: "small",
  stages,
  unfreeze: [...stages].reverse().map((stage) => [stage]),
  features: 128,
  preprocessing: { mean: [0.5], std: [0.25], size },
  smallest: 16,
  build(net, pictures) {
    let x = pictures;
    for (const [i, name] of stages.entries()) {
      const options = { out: 16 << i, kernel: 3, stride: 2, padding: 1, norm: `${name}.bn` };
      x = net.stage(name, x, (maps) => net.relu(net.conv(maps, name, options)));
    }
    return x;
  },
};

const architecture: Architecture = {
  backbone: small,
  head: "linear",
  classes,
  dropout: 0,
  inputSize: size,
  resize: 1,
};
const weights = withNewWeights(describe(architecture).specs, new Map(), 1);
const optimizer: OptimizerOptions = {
  type: "adamw",
  learningRate: 5e-3,
  weightDecay: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};

/** `count` faces, each of the next class, with mean 0 and deviation 1; and their classes as rows of 0 and 1. */
function faces(count: number, ...key: (number | string)[]) {
  const pictures = new Float32Array(count * size * size);
  const targets = new Float32Array(count * classes.length);
  for (let i = 0; i < count; i++) {
    const label = i % classes.length;
    const { pixels } = drawFace(classes[label] ?? "happy", ...key, i);
    const mean = pixels.reduce((sum, p) => sum + p, 0) / pixels.length;
    const variance = pixels.reduce((sum, p) => sum + (p - mean) ** 2, 0) / pixels.length;
    pictures.set(
      Float32Array.from(pixels, (p) => (p - mean) / Math.sqrt(variance)),
      i * size * size,
    );
    targets[i * classes.length + label] = 1;
  }
  return {
    pictures: floatTensor([count, 1, size, size], pictures),
    targets: floatTensor([count, classes.length], targets),
  };
}

// One step as one graph: forward, loss, backward, AdamW.
const program = compileTrain({
  architecture,
  weights,
  batch,
  optimizer,
  trainable: () => true,
  input: { kind: "normalised" },
  batchNorm: "batch",
});
const engine = startEngine({ device: "cpu", threads: 2 });
const schedule = { type: "oneCycle", pctStart: 0.3, divFactor: 10, finalDivFactor: 100 } as const;
const length = { stepsPerEpoch: totalSteps, totalSteps };
const stepper = await Stepper.open(engine, program, {
  rate: (update) => rateAt(schedule, optimizer.learningRate, update, length),
});
await stepper.load(weights);
let [loss, right, seen] = [0, 0, 0];
for (let step = 0; step < totalSteps; step++) {
  const { metrics } = await stepper.step(faces(batch, "train", step));
  loss += metrics.loss ?? 0;
  right += metrics.correct ?? 0;
  if (++seen === 50) {
    const share = (100 * right) / (seen * batch);
    console.log(`step ${step + 1}  loss ${(loss / seen).toFixed(3)}  right ${share.toFixed(1)} %`);
    [loss, right, seen] = [0, 0, 0];
  }
}

// A separate program with the trained weights: batch norm is folded into the convolutions.
const forward = await engine.open(compileForward(architecture, await stepper.weights()));
const unseen = faces(300, "test");
const logits = Array.from((await forward.run({ pictures: unseen.pictures })).logits?.data ?? [], Number);
await engine.close();
let correct = 0;
for (let i = 0; i < 300; i++) {
  const row = logits.slice(i * classes.length, (i + 1) * classes.length);
  if (row.indexOf(Math.max(...row)) === i % classes.length) correct++;
}
console.log(`unseen faces: ${((100 * correct) / 300).toFixed(1)} % right`);
if (correct / 300 < 0.8) throw new Error("the network learned too little");
