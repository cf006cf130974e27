/** Trains in a worker, so that the page stays responsive. Every fifth image of a class is held out for measuring. */

/// <reference types="vite/client" />

import vultusS from "vultus/models/vultus_s.onnx?url";
import { train, type WebExample } from "vultus/web";

onmessage = async ({ data: examples }: MessageEvent<readonly WebExample[]>) => {
  const seen = new Map<string, number>();
  const isKept = examples.map(({ label }) => {
    const number = (seen.get(label) ?? 0) + 1;
    seen.set(label, number);
    return number % 5 === 0;
  });
  try {
    const { bundle } = await train({
      model: vultusS,
      training: examples.filter((_, i) => !isKept[i]),
      validation: examples.filter((_, i) => isKept[i]),
      onEvent: (event) => postMessage(event),
    });
    postMessage({ kind: "bundle", bundle });
  } catch (error) {
    postMessage({ kind: "note", text: String(error) });
  }
};
