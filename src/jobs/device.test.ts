import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { UsageError } from "../util/errors.ts";
import { chooseDevice } from "./device.ts";

const ignore = (): void => {};

const plain = ["cpu", "webgpu"];
const withCuda = [...plain, "cuda"];
const cuda = "device: cuda, because its provider works here";
const cpu = "device: cpu with 3 threads, because there is no CUDA";
const full = (device: string): string => `precision: fp32, because fp16 is not faster on ${device}`;

test.each([
  ["auto", "auto", withCuda, "cuda", "fp32", [cuda, full("cuda")]],
  ["auto", "auto", plain, "cpu", "fp32", [cpu, full("cpu")]],
  ["cuda", "auto", withCuda, "cuda", "fp32", [full("cuda")]],
  ["webgpu", "auto", withCuda, "webgpu", "fp32", [full("webgpu")]],
  ["auto", "fp32", withCuda, "cuda", "fp32", [cuda]],
  ["auto", "fp16", plain, "cpu", "fp16", [cpu]],
  ["cuda", "fp16", withCuda, "cuda", "fp16", []],
  // Only a training has a choice of number formats.
  ["auto", undefined, withCuda, "cuda", "fp32", [cuda]],
  ["cuda", undefined, withCuda, "cuda", "fp32", []],
  ["cpu", "fp16", withCuda, "cpu", "fp16", []],
] as const)(
  "--device %s --precision %s where there is %j: %s, %s",
  (device, given, available, chosen, number, said) => {
    const options = { device, threads: 3, ...(given && { precision: given }) };
    const notes: string[] = [];
    const choice = chooseDevice(options, (text) => notes.push(text), available);
    expect(choice).toEqual({ device: chosen, precision: number, threads: 3 });
    expect(notes).toEqual(said);
  },
);

test("why programs run on WebAssembly is noted, for every device", () => {
  for (const device of ["auto", "cpu"] as const) {
    const notes: string[] = [];
    chooseDevice({ device }, (text) => notes.push(text), ["cpu"], "there is no other");
    expect(notes.at(-1)).toBe("runtime: WebAssembly, which is slower, because there is no other");
  }
});

test("all cores, unless told", () => {
  const notes: string[] = [];
  chooseDevice({ threads: 1 }, (text) => notes.push(text), ["cpu"]);
  expect(notes[0]).toMatch(/^device: cpu with 1 thread,/);
  expect(chooseDevice({ device: "cpu" }, ignore, plain).threads).toBe(availableParallelism());
});

test("a device that is not there: what there is instead", () => {
  const choice = () => chooseDevice({ device: "cuda" }, ignore, plain);
  expect(choice).toThrow(UsageError);
  expect(choice).toThrow("has no cuda provider, only cpu, webgpu; `vultus doctor` explains how to add one");
});
