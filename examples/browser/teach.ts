/** Trains a model on a folder of face crops, in the page: no image leaves it. Tested in `test/teach-example.test.ts`. */

import type { WebTrainEvent } from "vultus/web";

type Answer = WebTrainEvent | { readonly kind: "bundle"; readonly bundle: Uint8Array<ArrayBuffer> };

const input = document.querySelector("input") as HTMLInputElement;
const output = document.querySelector("output") as HTMLOutputElement;
const worker = new Worker(new URL("./teach-worker.ts", import.meta.url), { type: "module" });

input.addEventListener("change", () => {
  const files = [...(input.files ?? [])].filter(({ type }) => type.startsWith("image/"));
  worker.postMessage(files.map((image) => ({ image, label: image.webkitRelativePath.split("/").at(-2) })));
});

worker.addEventListener("message", ({ data: event }: MessageEvent<Answer>) => {
  if (event.kind === "step") {
    const { step, steps, loss, secondsLeft } = event;
    output.textContent = `step ${step} of ${steps}, loss ${loss.toFixed(3)}, ${Math.round(secondsLeft)} s left`;
  } else if (event.kind === "note") output.textContent = event.text;
  else if (event.kind === "bundle") {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([event.bundle]));
    link.download = "mine.onnx";
    link.textContent = "mine.onnx, for Node, the service and every page";
    output.replaceChildren(link);
  }
});
