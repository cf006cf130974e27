/** Trains in a worker, as recommended for pages. */

import { train, type WebExample, type WebTrainEvent } from "../../../src/web.ts";
import type { Asked, ServedExample, Taught } from "./protocol.ts";

let kept: Uint8Array | undefined;
const checkpoints = {
  read: async () => kept,
  async write(bytes: Uint8Array) {
    kept = bytes;
  },
  async clear() {
    kept = undefined;
  },
};

/** The WebGPU devices handed out so far, so that a test can destroy them. */
const devices: { destroy(): void }[] = [];
const { GPUAdapter: Adapter } = globalThis as {
  GPUAdapter?: { prototype: { requestDevice(...args: unknown[]): Promise<{ destroy(): void }> } };
};
if (Adapter) {
  const original = Adapter.prototype.requestDevice;
  Adapter.prototype.requestDevice = async function (...args) {
    const device = await original.apply(this, args);
    devices.push(device);
    return device;
  };
}

async function fetched(examples: readonly ServedExample[]): Promise<WebExample[]> {
  return Promise.all(
    examples.map(async ({ path, label }) => ({
      image: await (await fetch(new URL(path, location.origin))).blob(),
      label,
    })),
  );
}

async function teach({ isKept, failsToClear, stopAfter, loseAfter, ...asked }: Asked): Promise<Taught> {
  const events: WebTrainEvent[] = [];
  const stop = new AbortController();
  const [training, validation] = [await fetched(asked.training), await fetched(asked.validation)];
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let [steps, untilFirstStep] = [0, 0];
  try {
    const {
      bundle,
      validation: answers,
      ...rest
    } = await train({
      ...asked,
      model: new URL(asked.model, location.origin),
      training,
      validation,
      signal: stop.signal,
      ...(isKept && { checkpoints }),
      ...(failsToClear && {
        checkpoints: { ...checkpoints, clear: () => Promise.reject(new Error("locked")) },
      }),
      onEvent(event) {
        events.push(event);
        if (event.kind !== "step") return;
        if (++steps === 1) untilFirstStep = seconds();
        if (steps === stopAfter) stop.abort();
        if (steps === loseAfter) for (const device of devices) device.destroy();
      },
    });
    const text = bundle && btoa(Array.from(bundle, (byte) => String.fromCharCode(byte)).join(""));
    const { probabilities, labels } = answers;
    return {
      events,
      training: { ...rest, bundle: text, probabilities: [...probabilities], labels },
      seconds: seconds(),
      untilFirstStep,
    };
  } catch (error) {
    const { name, message } = error as Error;
    return { events, error: `${name}: ${message}`, seconds: seconds(), untilFirstStep };
  }
}

onmessage = async ({ data }: MessageEvent<Asked>) => postMessage(await teach(data));
