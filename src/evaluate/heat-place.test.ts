/**
 * Heat maps lie where the network looked: with light at a known position, and with images that are closed under
 * mirroring.
 */

import { afterAll, describe, expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import { drawFace } from "../data/synthetic.ts";
import type { Backbone } from "../models/backbone.ts";
import { type Architecture, describe as describeModel } from "../models/classifier.ts";
import type { FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import type { Classifier } from "../weights/load.node.ts";
import { loadMembers } from "../weights/load.node.ts";
import type { MembersFile } from "../weights/members.ts";
import { type Explanation, explainPictures } from "./explain.ts";
import { inMemory } from "./run-bundle.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
afterAll(() => engine.close());

const SIZE = 64;

type Layer = (net: Network, x: FeatureMap, name: string) => FeatureMap;
const conv =
  (kernel: number, stride: number, padding: number): Layer =>
  (net, x, name) =>
    net.relu(net.conv(x, name, { out: 1, kernel, stride, padding }));

/** A one-channel classifier whose weights all respond to light. */
function lightSeeker(layers: readonly Layer[]): Classifier {
  const backbone: Backbone = {
    ...{ name: "own", stages: ["own"], unfreeze: [["own"]], features: 1, smallest: 1 },
    preprocessing: { mean: [0], std: [1], size: SIZE },
    build: (net, x) =>
      net.stage("own", x, (x) => layers.reduce((y, layer, i) => layer(net, y, `own.${i}`), x)),
  };
  const architecture: Architecture = {
    backbone,
    head: "linear",
    classes: ["light", "dark"],
    dropout: 0,
    inputSize: SIZE,
    resize: 1,
  };
  const weights: StateDict = new Map();
  for (const { name, shape } of describeModel(architecture).specs)
    weights.set(
      name,
      floatTensor(shape, new Float32Array(sizeOf(shape)).fill(name.endsWith("bias") ? 0 : 1)),
    );
  return { architecture, weights, metadata: {}, path: "own" };
}

/** A dark image with one bright square of 3 px, centred on this pixel. */
function spot(x: number, y: number): Picture {
  const pixels = new Uint8Array(SIZE * SIZE);
  for (let row = y - 1; row <= y + 1; row++) pixels.fill(255, row * SIZE + x - 1, row * SIZE + x + 2);
  return { pixels, width: SIZE, height: SIZE, channels: 1 };
}

function mirrored({ pixels, width, height, channels }: Picture): Picture {
  const turned = pixels.map((_, i) => {
    const [row, inside] = [Math.floor(i / (width * channels)), i % (width * channels)];
    const [x, channel] = [Math.floor(inside / channels), inside % channels];
    return pixels[(row * width + width - 1 - x) * channels + channel] as number;
  });
  return { pixels: turned, width, height, channels };
}

/** Returns the centre of gravity of a map, in pixels. */
function centre({ map, size }: Explanation): [x: number, y: number] {
  const total = map.reduce((sum, value) => sum + value, 0);
  const mean = (place: (i: number) => number): number =>
    map.reduce((sum, value, i) => sum + value * (place(i) + 0.5), 0) / total;
  return [mean((i) => i % size), mean((i) => Math.floor(i / size))];
}

/** Returns each image's map of this class, or of the predicted class. */
const explained = (
  model: Classifier | MembersFile,
  pictures: readonly Picture[],
  target?: number,
): Promise<Explanation[]> =>
  explainPictures(engine, model, inMemory(pictures), [...pictures.keys()], {
    method: "grad-cam",
    ...(target === undefined ? {} : { target }),
  });

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each<[string, Layer[]]>([
  ["stride 2 and padding 1, as in vultus_s", [conv(3, 2, 1), conv(3, 2, 1), conv(3, 2, 1)]],
  ["no padding", [conv(3, 2, 0), conv(3, 2, 0), conv(3, 1, 0)]],
  ["a wide window with padding on one side only in effect", [conv(4, 4, 1), conv(2, 2, 0)]],
  [
    "pooling that counts partial windows",
    [conv(3, 2, 0), (net, x) => net.maxPool(x, { kernel: 3, stride: 2, ceil: true }), conv(3, 1, 1)],
  ],
])("%s", (_, layers) => {
  const model = lightSeeker(layers);

  test("the map's centre follows the light, in x and in y", async () => {
    // Covers whole periods of every stride, so that rounding to cells averages out.
    const places = Array.from({ length: 16 }, (_, i) => [24 + i, 20 + ((i * 5) % 16)] as const);
    const maps = await explained(
      model,
      places.map(([x, y]) => spot(x, y)),
      0,
    );
    const errors = maps.map((map, i) => {
      const [x, y] = centre(map);
      const [trueX, trueY] = places[i] as readonly [number, number];
      return [x - (trueX + 0.5), y - (trueY + 0.5)] as const;
    });
    for (const axis of [0, 1] as const) {
      expect(Math.abs(average(errors.map((error) => error[axis])))).toBeLessThan(0.15);
      for (const error of errors) expect(Math.abs(error[axis])).toBeLessThan(4.5);
    }
  });

  test("over images closed under mirroring the mean x is the middle", async () => {
    const places = Array.from({ length: 16 }, (_, i) => [22 + i, 24 + ((i * 7) % 16)] as const);
    const pictures = places.map(([x, y]) => spot(x, y));
    const maps = await explained(model, [...pictures, ...pictures.map(mirrored)], 0);
    expect(average(maps.map((map) => centre(map)[0] / SIZE))).toBeCloseTo(0.5, 2);
  });
});

test.each(["vultus_s", "vultus_m"])("%s does not look to one side of faces", async (name) => {
  const expressions = ["happy", "sad", "angry", "surprise"] as const;
  const faces = Array.from({ length: 24 }, (_, i) => drawFace(expressions[i % 4] as "happy", i));
  const maps = await explained(loadMembers(name), [...faces, ...faces.map(mirrored)]);
  const seen = maps.filter(({ map }) => map.some((value) => value > 0));
  expect(Math.abs(average(seen.map((map) => centre(map)[0] / map.size)) - 0.5)).toBeLessThan(0.035);
});
