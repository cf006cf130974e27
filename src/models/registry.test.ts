/** Checks of a program's own backbone before it is used. */

import { expect, test } from "vitest";
import * as vultus from "../index.ts";
import type { Backbone } from "./backbone.ts";
import { imagenet } from "./backbone.ts";
import { describe } from "./classifier.ts";
import { backboneNamed, backbones } from "./registry.ts";

const own: Backbone = {
  name: "own",
  stages: ["stem", "body"],
  unfreeze: [["body"], ["stem"]],
  features: 4,
  preprocessing: imagenet,
  smallest: 8,
  build: (net, x) =>
    own.stages.reduce(
      (y, name) => net.stage(name, y, (z) => net.conv(z, `${name}.conv`, { out: 4, kernel: 3 })),
      x,
    ),
};

const named = (changed: Partial<Backbone>) => () =>
  backboneNamed("own", { backbones: [{ ...own, ...changed }] });

test("what is declared well is taken", () => {
  expect(named({})).not.toThrow();
  for (const backbone of backbones)
    expect(() => backboneNamed(backbone.name, { backbones: [backbone] })).not.toThrow();
});

test.each<[Partial<Backbone>, string]>([
  [{ unfreeze: [["bodi"], ["stem"]] }, 'unfreeze has "bodi", which is none of its stages: stem, body'],
  [{ unfreeze: [["body"]] }, 'unfreeze has the stage "stem" 0 times instead of once'],
  [{ unfreeze: [["body"], ["body", "stem"]] }, 'unfreeze has the stage "body" 2 times instead of once'],
  [{ explained: "tail" }, 'explained is "tail", which is none of its stages: stem, body'],
  [
    { preprocessing: { ...imagenet, std: [0.2, 0.2] } },
    "preprocessing needs a mean and a deviation for each of 1 or 3 channels, but has 3 and 2",
  ],
  [
    { preprocessing: { ...imagenet, mean: [0.5, 0.5], std: [0.2, 0.2] } },
    "preprocessing needs a mean and a deviation for each of 1 or 3 channels, but has 2 and 2",
  ],
  [
    { preprocessing: { ...imagenet, std: [0.2, 0, 0.2] } },
    "preprocessing has the deviation 0: must be a number above 0",
  ],
])("%o", (changed, message) => {
  expect(named(changed)).toThrow(`the backbone "own": ${message}`);
});

test.each<[Partial<Backbone>, string]>([
  [{ stages: ["stem", "body", "tail"] }, 'own declares the stage "tail" but does not build it'],
  [{ features: 8 }, "own declares 8 features but gives 4"],
])("%o, seen once it is built", (changed, message) => {
  const backbone = { ...own, ...changed, build: own.build };
  const architecture = { head: "linear", classes: ["a", "b"], dropout: 0, inputSize: 16, resize: 1 } as const;
  expect(() => describe({ ...architecture, backbone })).toThrow(message);
});

test("is built from what the library exports: blocks of mobile networks, tokens, initialisers", () => {
  const { describe, invertedResidual, truncatedNormal } = vultus;
  const mixed: Backbone = {
    ...own,
    features: 12,
    pool: (net, x) => net.classToken(x as vultus.Tokens),
    build(net, x) {
      const maps = net.stage("stem", x, (z) =>
        invertedResidual(
          net,
          z,
          {},
          {
            name: "stem",
            depthwise: { conv: "stem.depthwise", norm: "stem.bn", kernel: 3, stride: 2, activation: "relu6" },
            project: { conv: "stem.project", norm: "stem.bn2", out: 8 },
          },
        ),
      );
      return net.stage("body", net.tokens(maps), (tokens) =>
        net.dense(tokens, "body.linear", { out: 12, initialise: truncatedNormal }),
      );
    },
  };
  const architecture = { head: "linear", classes: ["a", "b"], dropout: 0, inputSize: 16, resize: 1 } as const;
  const built = (changes: Partial<Backbone>) =>
    describe({ ...architecture, backbone: backboneNamed("own", { backbones: [{ ...mixed, ...changes }] }) });
  expect(built({}).stages.map(({ name }) => name)).toEqual(["stem", "body", "head"]);
  expect(() => built({ pool: (_, x) => x })).toThrow("own ends in 64 tokens: its pool must make one of them");
});
