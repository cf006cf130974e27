/** Defines a network, trains it on a folder of images, and uses it like any model that ships. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Backbone, loadModel, predict, train, writeSyntheticFaces } from "vultus";

/** Four blocks: a convolution to half the side, batch norm, ReLU. */
const stages = ["conv1", "conv2", "conv3", "conv4"];
const small: Backbone = {
  name: "small",
  stages,
  unfreeze: [...stages].reverse().map((stage) => [stage]),
  features: 128,
  preprocessing: { mean: [0.5], std: [0.25], size: 48 },
  smallest: 16,
  build(net, images) {
    let x = images;
    for (const [i, name] of stages.entries()) {
      const options = { out: 16 << i, kernel: 3, stride: 2, padding: 1, norm: `${name}.bn` };
      x = net.stage(name, x, (maps) => net.relu(net.conv(maps, name, options)));
    }
    return x;
  },
};

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  const data = join(folder, "faces");
  await writeSyntheticFaces(data, { perClass: 250, validationPerClass: 20, seed: 1 });
  const run = await train({
    data,
    out: join(folder, "run"),
    model: "small",
    backbones: [small],
    classes: ["happy", "surprise"],
    // Light augmentation and a linear head from quickstart, and our own phase that trains everything from random weights.
    recipe: {
      extends: "quickstart",
      phases: [
        {
          name: "all",
          train: "all",
          epochs: 8,
          batchNorm: "batch",
          optimizer: { type: "adamw", learningRate: 5e-3 },
          schedule: { type: "oneCycle", divFactor: 10 },
        },
      ],
    },
  });
  for (const { phase, epoch, validationAccuracy } of run.history)
    console.log(`${phase} ${epoch}: ${(100 * validationAccuracy).toFixed(1)} % right on validation`);

  // The bundle of a run is complete: loading it needs no backbone.
  await using model = await loadModel({ model: run.folder, detector: false });
  const { faces } = await predict(model, join(data, "validation", "surprise", "0001.png"));
  console.log("a surprised face is taken for", faces[0]?.label);
  if ((run.best?.accuracy ?? 0) < 0.6) throw new Error("it learned too little");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
