/** A file's description of its classifier: written and read back, and refused if it is damaged. */

import { expect, test } from "vitest";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import { withAttention } from "../models/attention.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import {
  answeringOf,
  classesOf,
  classifierMetadata,
  cutOf,
  describeArchitecture,
  type Metadata,
  type Provenance,
  priorsIn,
  provenanceOf,
  readArchitecture,
} from "./classifier-file.ts";
import { resolveArchitecture } from "./resolve-architecture.ts";

const architecture = { ...smallArchitecture("happy", "sad"), dropout: 0.4, resize: 1.15 };
const provenance: Provenance = {
  name: "my smile",
  trainedIn: "browser",
  counts: { training: { happy: 40, sad: 38 }, validation: { happy: 8, sad: 8 } },
  temperature: 1.25,
  calibratedTo: "votes",
  trainedPrior: [0.25, 0.75],
  prior: [0.5, 0.5],
  metrics: { split: "validation", n: 40, accuracy: 0.75, interval: [0.6, 0.86] },
  dataFingerprint: "f00d",
  cut: { from: "beef", seed: 3, validation: 0.2, test: 0.1 },
  recipeSha256: "cafe",
  vultusVersion: "1.2.3",
  license: "CC BY 4.0",
};

test("what was written is read back", () => {
  const metadata = classifierMetadata(architecture, provenance);
  expect(readArchitecture(metadata, "f")).toEqual(describeArchitecture(architecture));
  expect(resolveArchitecture(readArchitecture(metadata, "f"), "f")).toEqual(architecture);
  expect(classesOf(metadata, "f")).toEqual(architecture.classes);
  expect(provenanceOf(metadata, "f")).toEqual(provenance);
  expect(classifierMetadata(architecture, provenanceOf(metadata, "f"))).toEqual(metadata);
});

test("attention is written and read back, and refused when the network is built if it is unknown", () => {
  const attentive = { ...architecture, backbone: withAttention(architecture.backbone, "cbam") };
  const read = readArchitecture(classifierMetadata(attentive), "f.onnx");
  expect(read.network?.attention).toBe("cbam");
  const { backbone } = resolveArchitecture(read, "f.onnx");
  expect(backbone.attention).toBe("cbam");
  // If a program passes the backbone that is already built in, it is not added twice.
  expect(resolveArchitecture(read, "f.onnx", { backbones: [backbone] }).backbone).toEqual(backbone);
  const network = { ...read.network, attention: "sse" } as NonNullable<typeof read.network>;
  const other = readArchitecture(classifierMetadata({ ...read, network }), "f.onnx");
  expect(() => resolveArchitecture(other, "f.onnx")).toThrow(
    'f.onnx has the attention "sse", which this version of vultus does not have. Did you mean "se"? Valid: se, eca, cbam',
  );
});

test("what versions before this one wrote is read", () => {
  const vultus =
    '{"format":1,"model":"vultus_s","head":"reference","classes":["a","b"],"dropout":0.4,"inputSize":64,"resize":1.1,"mean":[0.5],"std":[0.2]}';
  expect(readArchitecture({ vultus }, "f")).toEqual({
    classes: ["a", "b"],
    inputSize: 64,
    resize: 1.1,
    network: { backbone: "vultus_s", head: "reference", dropout: 0.4, mean: [0.5], std: [0.2] },
  });
});

test("a head of another version is refused when the network is built, and nowhere else", () => {
  const described = describeArchitecture(architecture);
  const network = { ...described.network, head: "lineal" } as NonNullable<typeof described.network>;
  const read = readArchitecture(classifierMetadata({ ...described, network }), "f.onnx");
  expect(read.network?.head).toBe("lineal");
  expect(() => resolveArchitecture(read, "f.onnx")).toThrow(UsageError);
  expect(() => resolveArchitecture(read, "f.onnx")).toThrow(
    'f.onnx has the head "lineal", which this version of vultus does not have. Did you mean "linear"?',
  );
});

test("what is not known stays unknown; without a temperature logits are taken as they are", () => {
  expect(provenanceOf(classifierMetadata(architecture), "f")).toEqual({
    temperature: 1,
    calibratedTo: "plurality",
  });
  expect(classesOf({}, "f")).toBeUndefined();
});

test.each(["0", "-1", "", "warm", "NaN", "Infinity"])("the temperature %o is refused", (temperature) => {
  const read = (): Provenance => provenanceOf({ temperature }, "f.onnx");
  expect(read).toThrow(FormatError);
  expect(read).toThrow(`f.onnx: its temperature is "${temperature}"; it must be a number greater than 0`);
});

test("a shift of the prior is an offset of the logits, and older files have none", () => {
  const { temperature, offset } = answeringOf(classifierMetadata(architecture, provenance), "f");
  expect(temperature).toBe(1.25);
  expect(offset?.[0]).toBeCloseTo(1.25 * Math.log(2), 12);
  expect(offset?.[1]).toBeCloseTo(1.25 * Math.log(2 / 3), 12);
  const { prior: _, ...unshifted } = provenance;
  expect(answeringOf(classifierMetadata(architecture, unshifted), "f")).toEqual({ temperature: 1.25 });
  expect(answeringOf(classifierMetadata(architecture), "f")).toEqual({ temperature: 1 });
  expect(priorsIn(classifierMetadata(architecture), "f")).toEqual({});
});

test.each<[string, Provenance, string]>([
  [
    "shares of another number of classes",
    { trainedPrior: [1] },
    "its description of the classifier is damaged",
  ],
  ["a negative share", { trainedPrior: [-0.5, 1.5] }, "its description of the classifier is damaged"],
  [
    "shares that do not add up",
    { trainedPrior: [0.5, 0.6] },
    "the shares of its trained_prior add up to 1.1",
  ],
  ["a prior alone", { prior: [0.5, 0.5] }, "it has a prior, but not the trained_prior"],
])("%s are refused", (_, priors, message) => {
  const metadata = classifierMetadata(architecture, priors);
  expect(() => priorsIn(metadata, "f.onnx")).toThrow(FormatError);
  expect(() => priorsIn(metadata, "f.onnx")).toThrow(`f.onnx: ${message}`);
});

test("a prior of a class that did not occur in training is refused", () => {
  const metadata = classifierMetadata(architecture, { trainedPrior: [0, 1], prior: [0.5, 0.5] });
  expect(() => answeringOf(metadata, "f.onnx")).toThrow("above 0 for every class");
});

const damaged = "f.onnx: its description of the classifier is damaged: ";

test.each<[string, Metadata, (metadata: Metadata, name: string) => unknown, string]>([
  ["a cut that is no JSON", { data_cut: '{"from":' }, cutOf, damaged],
  ["a cut without a seed", { data_cut: '{"from":"beef"}' }, provenanceOf, `${damaged}✖ Invalid input`],
  ["metrics that are a number", { metrics: "0.9" }, provenanceOf, damaged],
  ["a classifier of a later format", { vultus: '{"format":2}' }, readArchitecture, damaged],
  [
    "no classifier",
    {},
    readArchitecture,
    'f.onnx contains weights but no classifier: its metadata has no "vultus"',
  ],
])("%s is refused", (_, metadata, read, message) => {
  expect(() => read(metadata, "f.onnx")).toThrow(FormatError);
  expect(() => read(metadata, "f.onnx")).toThrow(message);
});
