/** Training in a browser: what Node trains, on both devices, whole and in parts, and what it refuses. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { train } from "../src/jobs/train.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { chromiumPath } from "./support/chromium.ts";
import { drawFaces, openTeachPage, swiftShader, type TeachPage } from "./support/teach.ts";
import type { Asked, ServedExample, Taught } from "./support/teach-page/protocol.ts";

const minutes = 60_000;
const classes = ["happy", "neutral", "surprise"];
/** Steps whose losses are compared. */
const COMPARED = 20;

let teach: TeachPage;
let faces: Record<"train" | "validation", ServedExample[]>;
let asked: Asked;

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  teach = await openTeachPage(swiftShader);
  faces = await drawFaces(join(teach.folder, "faces"), classes, { perClass: 12, validationPerClass: 4 });
  asked = { model: "vultus_s.onnx", training: faces.train, validation: faces.validation, device: "cpu" };
}, 5 * minutes);
afterAll(() => teach?.close());

function lossesOf({ events, error }: Taught): number[] {
  expect(error).toBeUndefined();
  return events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
}

function expectAlike(found: readonly number[], expected: readonly number[], digits: number): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs((found[i] as number) - value), `${i}`).toBeLessThan(0.5 * 10 ** -digits);
}

test.skipIf(chromiumPath === undefined)(
  "the losses are those of Node, and Node answers by the bundle as the page does",
  { timeout: 10 * minutes },
  async () => {
    const ofNode: number[] = [];
    await train({
      data: join(teach.folder, "faces"),
      out: join(teach.folder, "run"),
      model: "vultus_s",
      recipe: "adapt",
      onEvent: (event) => {
        if (event.type === "step") ofNode.push(event.loss);
      },
    });
    const taught = await teach.teach({ ...asked, name: "three faces" });
    const losses = lossesOf(taught);
    expect(losses.length).toBe(ofNode.length);
    expectAlike(losses.slice(0, COMPARED), ofNode.slice(0, COMPARED), 4);
    const { training } = taught;
    expect(training).toMatchObject({ ending: "finished", classes, device: "cpu" });
    expect(training?.history.length).toBe(15);
    const file = join(teach.folder, "taught.onnx");
    writeFileSync(file, Buffer.from(training?.bundle as string, "base64"));
    const model = await loadModel(file, { detector: false });
    for (const [i, { path }] of faces.validation.entries()) {
      const { faces: found } = await predict(model, join(teach.folder, path));
      const probabilities = classes.map((name) => found[0]?.probabilities[name] ?? Number.NaN);
      const theirs = training?.probabilities.slice(i * classes.length, (i + 1) * classes.length) as number[];
      for (const [k, value] of probabilities.entries())
        expect(Math.abs(value - (theirs[k] as number))).toBeLessThan(2e-3);
    }
    await model.close();
  },
);
