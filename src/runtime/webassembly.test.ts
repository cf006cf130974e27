/** Programs on WebAssembly give the same results as on onnxruntime-node; and what is refused. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeModel, node, valueInfo } from "../onnx/model.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { random } from "../util/random.ts";
import type { Tensor } from "../util/tensor.ts";
import { openSession as openNative } from "./session.node.ts";
import type { SessionOptions } from "./session.ts";
import { openSession } from "./webassembly.node.ts";

const cpu: SessionOptions = { device: "cpu", threads: 2 };

const numbers = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data as Float32Array);

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  expect(Math.max(...found.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(1e-4);
}

test.each(["vultus_s", "vultus_m"])("%s answers the same", async (name) => {
  const { model } = loadBundle(name).program;
  const rng = random("photos");
  const shape = [3, 60, 52, 3];
  const data = Uint8Array.from({ length: 3 * 60 * 52 * 3 }, () => Math.floor(256 * rng.next()));
  const [native, web] = [await openNative(model, cpu), await openSession(model, cpu)];
  const feeds = { pictures: { dtype: "uint8", shape, data } } as const;
  const [expected, found] = [await native.run(feeds), await web.run(feeds)];
  expect(Object.keys(found).sort()).toEqual(["embedding", "logits", "probabilities"]);
  for (const [output, tensor] of Object.entries(expected)) {
    expect(found[output]?.shape).toEqual(tensor.shape);
    expectClose(numbers(found[output]), numbers(tensor));
  }
  await Promise.all([native.release(), web.release()]);
});

test("a device that it does not have, and a profile, are refused with the reason", async () => {
  vi.stubEnv("VULTUS_RUNTIME", "wasm");
  vi.resetModules();
  const fresh = await import("./webassembly.node.ts");
  const { model } = loadBundle("vultus_s").program;
  await expect(fresh.openSession(model, { ...cpu, device: "webgpu" })).rejects.toThrow(
    "WebAssembly runs programs only on the cpu, not on webgpu; it is used because VULTUS_RUNTIME=wasm requests it",
  );
  await expect(fresh.openSession(model, { ...cpu, profile: "here" })).rejects.toThrow(
    "WebAssembly writes no profile; it is used because VULTUS_RUNTIME=wasm requests it",
  );
});

test("a program that it cannot load is refused with its reason", async () => {
  await expect(openSession(Uint8Array.of(1, 2, 3), cpu)).rejects.toThrow(
    /^ONNX Runtime cannot load the program on cpu: .*protobuf/i,
  );
});

test("a program for which its memory is too small is refused with the way out", async () => {
  const model = encodeModel({
    name: "large",
    nodes: [node("ConstantOfShape", "large", ["shape"], ["out"], [])],
    inputs: [valueInfo("shape", "int64", [1])],
    outputs: [valueInfo("out", "float32", ["N"])],
    initializers: [],
  });
  const session = await openSession(model, cpu);
  const shape = (size: bigint): Tensor => ({ dtype: "int64", shape: [1], data: BigInt64Array.of(size) });
  // Sizes that cannot be addressed, and sizes that can but are not available.
  for (const size of [2n ** 31n, 2n ** 30n - 1024n])
    await expect(session.run({ shape: shape(size) })).rejects.toThrow(
      /^the program needs more than the 4 GB of memory that WebAssembly has: take smaller batches/,
    );
  expect((await session.run({ shape: shape(3n) })).out?.shape).toEqual([3]);
  await session.release();
});

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());

test.each([
  ["wasm", ["cpu"], "VULTUS_RUNTIME=wasm requests it"],
  ["native", expect.arrayContaining(["cpu"]), undefined],
  ["", expect.arrayContaining(["cpu"]), undefined],
])("VULTUS_RUNTIME=%s: providers %j, because: %s", async (value, providers, reason) => {
  vi.stubEnv("VULTUS_RUNTIME", value);
  const runtime = await import("./onnxruntime.node.ts");
  const session = await import("./session.node.ts");
  expect(runtime.whyWebAssembly()).toBe(reason);
  expect(runtime.nativeRuntime() === undefined).toBe(reason !== undefined);
  expect(runtime.nativePath() === undefined).toBe(reason !== undefined);
  expect(session.providers()).toEqual(providers);
  expect(session.runtimeVersion()).toMatch(/^1\.\d+\.\d+$/);
});

test("VULTUS_RUNTIME of another value is refused", async () => {
  vi.stubEnv("VULTUS_RUNTIME", "fast");
  const runtime = await import("./onnxruntime.node.ts");
  expect(() => runtime.whyWebAssembly()).toThrow("VULTUS_RUNTIME is fast; valid: native");
});
