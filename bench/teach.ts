/**
 * Compares training in Chromium on WebAssembly with threads and in Node, on the same images in the same run:
 *
 *     npm run build && node --import tsx bench/teach.ts [--model vultus_s] [--per-class 40] [--stop-after 2000] [--epochs 15]
 *
 * draws faces of three classes, trains the recipe `adapt` in a page and in Node, and prints one line of JSON: seconds from the
 * call to the bundle, images per second of the last steps, and the resident memory of the page's process. `--stop-after` ends
 * both after that many steps. To score what both learn from few faces on 600 others, as in bench/adapt.ts:
 *
 *     node --import tsx bench/teach.ts --model vultus_m --classes angry,fear,happy,neutral,sad,surprise --per-class 20 --scored
 *     100
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { train } from "../src/jobs/train.ts";
import { drawFaces, openTeachPage } from "../test/support/teach.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "vultus_s" },
    classes: { type: "string", default: "happy,neutral,surprise" },
    "per-class": { type: "string", default: "40" },
    scored: { type: "string", default: "10" },
    epochs: { type: "string", default: "15" },
    "stop-after": { type: "string" },
  },
});
const classes = values.classes.split(",");
const { model } = values;
const epochs = Number(values.epochs);
const stopAfter = values["stop-after"] === undefined ? undefined : Number(values["stop-after"]);
const recipe = { extends: "adapt", phases: { all: { epochs, patience: epochs } } };

/**
 * Memory in megabytes of this process's Chromium renderer processes. Some keep the name of the zygote that they are forked from.
 */
function rendererMB(): number {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  const renderers: number[] = [];
  for (const name of processes) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
      if (/--type=(renderer|zygote)/.test(readFileSync(`/proc/${name}/cmdline`, "utf8")))
        renderers.push(Number(name));
    } catch {
      // The process has ended in the meantime.
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid === process.pid || (pid !== undefined && pid > 1 && isOurs(parents.get(pid)));
  const resident = renderers.filter(isOurs).map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  });
  return resident.reduce((sum, megabytes) => sum + megabytes, 0);
}

const teach = await openTeachPage();
try {
  const counts = { perClass: Number(values["per-class"]), validationPerClass: Number(values.scored) };
  const faces = await drawFaces(join(teach.folder, "faces"), classes, counts);
  const memory: number[] = [];
  const watch = setInterval(() => memory.push(Math.round(rendererMB())), 2000);
  const page = await teach.teach({
    model: `${model}.onnx`,
    training: faces.train,
    validation: faces.validation,
    device: "cpu",
    recipe,
    ...(stopAfter !== undefined && { stopAfter }),
  });
  clearInterval(watch);
  if (page.error !== undefined) throw new Error(page.error);
  const steps = page.events.filter(({ kind }) => kind === "step").length;

  const started = performance.now();
  const stop = new AbortController();
  let done = 0;
  const [images, seconds] = [[0], [0]];
  const run = await train({
    data: join(teach.folder, "faces"),
    out: join(teach.folder, "run"),
    model,
    recipe,
    signal: stop.signal,
    onEvent(event) {
      if (event.type !== "step") return;
      images.push(event.batch);
      seconds.push(event.stepSeconds);
      if (++done === stopAfter) stop.abort();
    },
  });
  const nodeSeconds = (performance.now() - started) / 1000;
  const recent = (numbers: readonly number[]): number => numbers.slice(-20).reduce((a, b) => a + b, 0);
  const ofNode = recent(images) / recent(seconds);
  const inPage = page.events.findLast((event) => event.kind === "step");
  const ofPage = inPage?.kind === "step" ? inPage.imagesPerSecond : Number.NaN;
  console.log(
    JSON.stringify({
      model,
      images: classes.length * counts.perClass,
      steps,
      threads: page.events[0]?.kind === "start" ? page.events[0].threads : undefined,
      page: { seconds: page.seconds, untilFirstStep: page.untilFirstStep, imagesPerSecond: ofPage },
      node: { seconds: nodeSeconds, imagesPerSecond: ofNode, steps: done },
      share: ofPage / ofNode,
      accuracy: { page: page.training?.history.at(-1)?.validationAccuracy, node: run.best?.accuracy },
      memoryMB: { after10s: memory[4], most: Math.max(...memory), last: memory.at(-1) },
    }),
  );
} finally {
  await teach.close();
}
