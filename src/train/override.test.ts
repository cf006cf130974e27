import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type Augmentation, referenceAugmentation } from "../augment/settings.ts";
import { UsageError } from "../util/errors.ts";
import { resolveRecipe } from "./override.ts";
import { type Recipe, recipeSchema, trainingSize } from "./recipe.ts";
import { recipes } from "./recipes.ts";

/** Returns the message with which a recipe is refused. */
function refusal(base: unknown, ...assignments: string[]): string {
  try {
    resolveRecipe(base, assignments);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("the recipe was accepted");
}

test("progressive has the reference's numbers", () => {
  const recipe = resolveRecipe("progressive");
  expect(recipe).toMatchObject({
    name: "progressive",
    model: "resnet50",
    head: "reference",
    dropout: 0.4,
    inputSize: 224,
    batchSize: 64,
    labelSmoothing: 0.1,
    sampler: "weighted",
    classWeights: "none",
    views: 4,
  });
  expect(Math.round(recipe.inputSize * recipe.validationResize)).toBe(256);
  const off = {
    minimumImprovement: 0,
    inputScale: 1,
    batchNorm: "running",
    stageDecay: 1,
    clipNorm: 0,
    ema: 0,
    accumulate: 1,
  };
  const adamw = (learningRate: number) => {
    return { type: "adamw", learningRate, weightDecay: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  };
  const restarts = { type: "cosineRestarts", firstCycle: 5, cycleFactor: 1, minimumFactor: 0.1 };
  expect(recipe.phases).toEqual([
    {
      ...off,
      name: "head",
      train: "head",
      epochs: 20,
      patience: 3,
      optimizer: adamw(1e-3),
      schedule: { type: "oneCycle", pctStart: 0.3, divFactor: 10, finalDivFactor: 100 },
    },
    { ...off, name: "last", train: 1, epochs: 10, patience: 2, optimizer: adamw(1e-4), schedule: restarts },
    {
      ...off,
      name: "last-two",
      train: 2,
      epochs: 10,
      patience: 2,
      optimizer: adamw(5e-5),
      schedule: restarts,
    },
  ]);
});

for (const name of Object.keys(recipes)) {
  test(`${name} is concrete, and the same once it was saved`, () => {
    const recipe = resolveRecipe(name, ["model=squeezenet1_1"]);
    expect(recipe.name).toBe(name);
    expect(recipe.model).toBe("squeezenet1_1");
    const saved: unknown = JSON.parse(JSON.stringify(recipe));
    expect(JSON.stringify(recipeSchema.parse(saved))).toBe(JSON.stringify(recipe));
    expect(resolveRecipe(saved)).toEqual(recipe);
  });
}

test("the augmentation is the one that src/augment knows", () => {
  expectTypeOf<Recipe["augmentation"]>().toExtend<Augmentation>();
  const { augmentation } = resolveRecipe("scratch");
  expect(augmentation).toEqual(referenceAugmentation);
});

test("assignments reach phases by position and by name, lists and switches", () => {
  const recipe = resolveRecipe("progressive", [
    "phases.1.epochs=5",
    "phases.head.patience=7",
    'phases.last-two.train=["head","layer3"]',
    "augmentation.erasing=null",
    "augmentation.randomResizedCrop.scale.0=0.5",
    "name=mine",
    "batchSize=8",
    "batchSize=16",
  ]);
  expect(recipe.phases.map(({ epochs }) => epochs)).toEqual([20, 5, 10]);
  expect(recipe.phases[0]?.patience).toBe(7);
  expect(recipe.phases[2]?.train).toEqual(["head", "layer3"]);
  expect(recipe.augmentation.erasing).toBeNull();
  expect(recipe.augmentation.randomResizedCrop?.scale).toEqual([0.5, 1]);
  expect(recipe.name).toBe("mine");
  expect(recipe.batchSize).toBe(16);
  expect(resolveRecipe("progressive").augmentation).toEqual(referenceAugmentation);
});

test("a recipe brings the backbone that it was made for", () => {
  expect(resolveRecipe("progressive").model).toBe("resnet50");
  expect(resolveRecipe("faces").model).toBe("vultus_m");
  expect(resolveRecipe("quickstart").model).toBe("vultus_s");
  expect(resolveRecipe({ extends: "faces", model: "vultus_s" }).model).toBe("vultus_s");
});

test.each([
  ["faces", [43, 53, 64]],
  ["distil", [48, 64]],
])("each phase of %s goes on at the rate where the one before ended, on larger images", (name, sizes) => {
  const { phases, inputSize } = resolveRecipe(name);
  expect(phases.map((phase) => trainingSize({ inputSize }, phase))).toEqual(sizes);
  const rates = phases.map(({ optimizer, schedule }) => {
    const { learningRate: peak } = optimizer;
    return [peak, peak * (schedule.type === "cosine" ? schedule.minimumFactor : Number.NaN)] as const;
  });
  for (const [i, [peak]] of rates.entries()) if (i > 0) expect(peak).toBeCloseTo(rates[i - 1]?.[1] ?? 0, 9);
  expect(rates.at(-1)?.[1]).toBe(0);
});

test("a phase cannot train on images that are too small for the backbone", () => {
  expect(refusal("faces", "inputSize=48", "phases.small.inputScale=0.3")).toBe(
    "recipe: phases.0.inputScale is 0.3: that makes 14 px, must be at least 16 for vultus_m",
  );
});

test("another type of schedule or optimizer starts from its own defaults", () => {
  const [phase] = resolveRecipe("scratch", [
    "phases.all.schedule.type=oneCycle",
    "phases.all.schedule.divFactor=10",
    'phases.all.optimizer={"type":"sgd","learningRate":0.1,"momentum":0.9}',
  ]).phases;
  expect(phase?.schedule).toEqual({ type: "oneCycle", pctStart: 0.3, divFactor: 10, finalDivFactor: 1e4 });
  expect(phase?.optimizer).toEqual({
    type: "sgd",
    learningRate: 0.1,
    weightDecay: 0,
    momentum: 0.9,
    nesterov: false,
  });
  expect(refusal("scratch", "phases.0.optimizer.type=sgd")).toBe(
    "recipe: phases.0.optimizer.learningRate is missing: must be a number above 0",
  );
});

test("a file extends a recipe by what differs", () => {
  const recipe = resolveRecipe(
    {
      extends: "finetune",
      name: "faces",
      model: "squeezenet1_1",
      inputSize: 96,
      augmentation: { rotation: 10, perspective: null },
      phases: { all: { epochs: 20, schedule: { warmup: 1 } }, 0: { epochs: 2 } },
    },
    ["inputSize=128"],
  );
  const finetune = resolveRecipe("finetune", ["model=squeezenet1_1"]);
  const [head, all] = finetune.phases;
  expect(recipe).toEqual({
    ...finetune,
    name: "faces",
    inputSize: 128,
    augmentation: { ...finetune.augmentation, rotation: 10, perspective: null },
    phases: [
      { ...head, epochs: 2 },
      { ...all, epochs: 20, schedule: { type: "cosine", warmup: 1, minimumFactor: 0 } },
    ],
  });
});

test("a file that extends nothing needs a name and phases", () => {
  const phase = { name: "all", train: "all", epochs: 3, optimizer: { type: "adamw", learningRate: 0.01 } };
  const recipe = resolveRecipe({ name: "short", phases: [phase] });
  expect(recipe.model).toBe("resnet50");
  expect(recipe.phases).toHaveLength(1);
  expect(recipe.phases[0]).toMatchObject({ ...phase, patience: 3, schedule: { type: "constant" } });
  expect(refusal({ phases: [phase] })).toBe("recipe: name is missing: must be a name");
  expect(refusal({ name: "empty" })).toBe("recipe: phases is missing: must be a list of phases");
});

/** [assignment, what the message must contain] */
const mistakes: readonly (readonly [string, ...string[]])[] = [
  ["bathSize=3", 'recipe: it has no key "bathSize". Did you mean "batchSize"? Valid: name, model,'],
  ["phases.1.epoch=3", 'recipe: phases.1 has no key "epoch". Did you mean "epochs"? Valid: name, train,'],
  [
    "phases.heads.epochs=3",
    'phases has no entry "heads". Did you mean "head"?',
    "head, last, last-two, or a number from 0 to 2",
  ],
  ["phases.3.epochs=3", 'recipe: phases has no entry "3".'],
  ["phases.1.epochs=0", "recipe: phases.1.epochs is 0: must be a whole number of 1 or more"],
  ["phases.1.epochs=1.5", "recipe: phases.1.epochs is 1.5: must be a whole number of 1 or more"],
  ["phases.1.epochs=five", 'recipe: phases.1.epochs is "five": must be a whole number of 1 or more'],
  ["phases.1.train=hed", 'phases.1.train is "hed": must be "head", "all"'],
  ["phases.1.train=6", "phases.1.train is 6: resnet50 has only 5 groups of stages to unfreeze"],
  ['phases.1.train=["layer5"]', 'resnet50 has no stage "layer5". Did you mean "layer1"?'],
  ["phases.1.name=head", 'recipe: phases.1.name is "head": must be a name that no other phase has'],
  ["phases.1.name=1", "phases.1.name is 1: must be a name"],
  [
    "phases.1.schedule.type=cosin",
    'phases.1.schedule.type is "cosin": must have a type',
    'Did you mean "cosine"?',
  ],
  ["phases.0.schedule.pctStart=1", "phases.0.schedule.pctStart is 1: must be a number above 0 and below 1"],
  [
    "phases.0.schedule.warmup=1",
    'phases.0.schedule has no key "warmup". ',
    "Valid: type, pctStart, divFactor",
  ],
  ["phases.0.optimizer.learningRate=-1", "phases.0.optimizer.learningRate is -1: must be a number above 0"],
  ["phases.0.optimizer.lr=1", 'phases.0.optimizer has no key "lr".', "learningRate"],
  [
    'phases.0.optimizer={"type":"sgd","learningRate":1,"nesterov":true}',
    "nesterov is true: must be false where momentum is 0",
  ],
  ["sampler=weigthed", 'sampler is "weigthed": must be one of weighted, shuffle. Did you mean "weighted"?'],
  [
    "augmentation.randomResizedCrop.scale=[1,0.5]",
    "scale is [1,0.5]: must be two numbers above 0 and up to 1, the smaller first",
  ],
  [
    "augmentation.randomResizedCrop.scale=0.5",
    "scale is 0.5: must be two numbers above 0 and up to 1, the smaller first",
  ],
  ["augmentation.hue=0.6", "augmentation.hue is 0.6: must be a number from 0 to 0.5"],
  ["augmentation=none", 'augmentation is "none": must be an object with the keys randomResizedCrop,'],
  ["inputSize=24", "inputSize is 24: must be at least 32 for resnet50"],
  ["inputSize.x=24", 'inputSize is {"x":24}: must be a whole number of pixels from 16 to 1024'],
  ["model=resnet5", 'there is no backbone "resnet5". Did you mean'],
  ["model=7", "recipe: model is 7: must be the name of a backbone"],
  ["extends=scratch", 'it has no key "extends".'],
  ["__proto__.toString=1", "__proto__"],
  ["epochs", "--set epochs: write it as key=value, for example phases.1.epochs=5"],
  ["=5", "--set =5: write it as key=value"],
];

for (const [assignment, ...parts] of mistakes) {
  test(`refused: ${assignment}`, () => {
    const message = refusal("progressive", assignment);
    for (const part of parts) expect(message).toContain(part);
  });
}

test("an unknown recipe, and what is no recipe", () => {
  expect(refusal("fintune")).toBe(
    'there is no recipe "fintune". Did you mean "finetune"? Valid: progressive, finetune, scratch, faces, distil, adapt, quickstart, or a file',
  );
  expect(refusal("toString")).toContain("there is no recipe");
  expect(refusal({ extends: 3 })).toContain("there is no recipe 3.");
  for (const value of [null, 3, []]) expect(refusal(value)).toContain("must be an object such as");
});

test("the schema can be written as JSON Schema", () => {
  const schema = z.toJSONSchema(recipeSchema, { io: "input" });
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toContain("phases");
});

test("a size that a backbone does not take is refused, and so are phases of sizes to which its tensors do not belong", () => {
  expect(refusal("finetune", "model=vit_tiny", "inputSize=100")).toMatch(
    /inputSize makes images of 100 px: vit_tiny cuts images into patches of 16 px/,
  );
  expect(refusal("faces", "model=vit_tiny", "inputSize=96")).toMatch(
    /phases\.0\.inputScale is 0\.66.*one input size.*--set phases\.0\.inputScale=1$/,
  );
  const fixed = ["phases.0.inputScale=1", "phases.1.inputScale=1"];
  expect(resolveRecipe("faces", ["model=vit_tiny", "inputSize=96", ...fixed]).model).toBe("vit_tiny");
  expect(resolveRecipe("faces", ["model=mobilenet_v2", "inputSize=96"]).model).toBe("mobilenet_v2");
});

test("the temperature is fitted to the plurality unless a recipe asks for votes, also in recipes of before it", () => {
  const { calibration, ...former } = resolveRecipe("finetune");
  expect(calibration).toBe("plurality");
  expect(recipeSchema.parse(former).calibration).toBe("plurality");
  expect(resolveRecipe("finetune", ["calibration=votes"]).calibration).toBe("votes");
  expect(refusal("finetune", "calibration=vote")).toContain(
    'must be one of plurality, votes. Did you mean "votes"?',
  );
});

test("stochastic depth is off unless a recipe asks for it, also in recipes of before it", () => {
  expect(resolveRecipe("finetune").stochasticDepth).toBe(0);
  const { stochasticDepth: _, ...former } = resolveRecipe("finetune");
  expect(recipeSchema.parse(former).stochasticDepth).toBe(0);
  expect(resolveRecipe("finetune", ["stochasticDepth=0.1"]).stochasticDepth).toBe(0.1);
  expect(refusal("finetune", "stochasticDepth=1")).toContain(
    "stochasticDepth is 1: must be a number from 0 to below 1",
  );
});
