/** Trains a Siamese pair with a custom loss: one network sees two faces and learns whether they show the same expression. */

import * as v from "vultus";

const [batch, size, totalSteps] = [16, 48, 60];
const labels = ["happy", "surprise", "sad"] as const;
// Starts from the model that ships; its head is not used.
const { architecture, weights } = v.loadClassifier("vultus_s");

/** Contrastive loss: faces of one expression are drawn together, others are pushed apart to a squared distance of 1. */
const siamese: v.BuildObjective = (graph, compute) => {
  const faces = ["left", "right"].map((name) => graph.input(name, "float32", [batch, 1, size, size]));
  const same = graph.input("same", "float32", [batch]);
  const net = new v.Network({ graph, weights, trainable: () => true, training: true, compute });
  const features = v.buildFeatures(net, { ...architecture, inputSize: size }, v.concat(faces, 0));
  const apart = v.sub(v.slice(features, 0, 0, batch), v.slice(features, 0, batch, 2 * batch));
  const distance = v.reduceMean(v.mul(apart, apart), [1]);
  const tooClose = v.mul(v.sub(1, same), v.relu(v.sub(1, distance)));
  const wrong = v.abs(v.sub(v.cast(v.less(distance, 0.5), "float32"), same));
  return {
    networks: [net],
    loss: v.reduceMean(v.add(v.mul(same, distance), tooClose)),
    metrics: { wrong: v.reduceMean(wrong) },
  };
};

/** Newly drawn faces, normalised; every other pair shows one expression. */
function pairs(step: number): v.Tensors {
  const { mean, std } = architecture.backbone.preprocessing;
  const rows = [...Array(batch).keys()];
  const draw = (side: string, shift: number): v.Tensor => {
    const pixels = rows.flatMap((i) => {
      const face = v.drawFace(labels[(i + (i % 2) * shift) % labels.length] ?? "happy", side, step, i);
      return Array.from(face.pixels, (p) => (p / 255 - (mean[0] ?? 0)) / (std[0] ?? 1));
    });
    return v.floatTensor([batch, 1, size, size], pixels);
  };
  const same = rows.map((i) => 1 - (i % 2));
  return { left: draw("left", 0), right: draw("right", 1), same: v.floatTensor([batch], same) };
}

const optimizer = { type: "adamw", learningRate: 5e-4, weightDecay: 0.01, ...v.adamwDefaults } as const;
const engine = v.startEngine({ device: "cpu", threads: 2 });
const stepper = await v.Stepper.open(engine, v.compileStep("siamese", siamese, { optimizer }));
await stepper.load(weights);
let wrong = 0;
for (let step = 1; step <= totalSteps; step++) {
  const { loss, metrics } = await stepper.step(pairs(step));
  if (step % 10 === 0) console.log(`step ${step}  loss ${loss.toFixed(3)}`);
  if (step > totalSteps - 20) wrong += (metrics.wrong ?? 1) / 20;
}
console.log(`${(100 * wrong).toFixed(1)} % of new pairs are judged wrongly`);
if (wrong > 0.2) throw new Error("it learned too little");
await stepper.release();
await engine.close();
