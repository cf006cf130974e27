/**
 * Backbones, 224 px, batch 16, two threads: prediction and each kind of train step, compared with PyTorch in alternating turns.
 */

import { fileURLToPath } from "node:url";
import type { Row } from "./row.ts";
import { type Served, serve, takeTurns } from "./turns.ts";

const own = fileURLToPath(new URL("step.ts", import.meta.url));
const peer = fileURLToPath(new URL("../test/reference/bench_backbone.py", import.meta.url));
const runtime = fileURLToPath(new URL("../test/reference/bench_runtime.py", import.meta.url));
const python = process.env.VULTUS_PYTHON ?? "/usr/bin/python3";

/** Name of the row, and the model and mode as both programs call them. */
export const questions: readonly (readonly [string, string, string])[] = [
  ...["predict", "head", "layer4", "layer3", "all", "all-batchnorm"].map(
    (mode) => [mode === "predict" ? "predict-resnet50" : `step-resnet50-${mode}`, "resnet50", mode] as const,
  ),
  ...[
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_b0",
    "efficientnet_lite0",
    "convnext_tiny",
    "vit_tiny",
    "vit_b_16",
    "resnext50_32x4d",
  ].flatMap((model) => [
    [`predict-${model}`, model, "predict"] as const,
    [`step-${model}-all`, model, "all"] as const,
    [`step-${model}-all-batchnorm`, model, "all-batchnorm"] as const,
  ]),
];

/**
 * Other Pythons to compare with, in addition to Debian's: comma-separated paths, for example of an environment with the newest
 * PyTorch.
 */
const pythons = [python, ...(process.env.VULTUS_OTHER_PYTHONS ?? "").split(",").filter(Boolean)];

/** The variants in which PyTorch is run. */
const ways = [[], ["--channels-last"], ["--compile"], ["--compile", "--channels-last"]];

export async function besidePyTorch(name: string, model: string, mode: string, turns: number): Promise<Row> {
  // In PyTorch, frozen convolutions are fastest with channels last, trained ones usually without. A variant that a Python does
  // not support, such as torch.compile, does not start and is skipped.
  const programs = [
    ...ways.map((way) => [peer, "--model", model, "--mode", mode, ...way]),
    ...(mode === "predict" ? ["onnxruntime", "openvino"] : []).map((one) => [
      runtime,
      "--model",
      model,
      "--runtime",
      one,
    ]),
  ];
  return compare(name, mode, ["--model", model], turns, "PyTorch", async () => {
    const served: (Served | undefined)[] = [];
    // One after the other: compiling several at once would need more memory than the measurement itself.
    for (const python of pythons)
      for (const program of programs) served.push(await serve(python, [...program, "--serve"]));
    return served;
  });
}

/** The head of ResNet50 on cached features, compared with computing the backbone in every step. */
export async function featuresCached(turns: number): Promise<Row> {
  // Steps of a few milliseconds need more turns to reach full speed.
  return compare("features-cached", "features", ["--batch", "64"], turns * 5, "without cache", async () => [
    await serveOwn("head"),
  ]);
}

/** Every layer of vultus_m, trained with an equally large teacher in the step, compared with the step without a teacher. */
export async function withTeacher(turns: number): Promise<Row> {
  const own = ["--model", "vultus_m", "--size", "64", "--batch", "128"];
  return compare(
    "step-vultus_m-teacher",
    "all-batchnorm",
    [...own, "--teacher", "vultus_m"],
    turns,
    "without teacher",
    async () => [await serveOwn("all-batchnorm", ...own)],
  );
}

const serveOwn = (mode: string, ...extra: string[]): Promise<Served | undefined> =>
  serve(process.execPath, ["--import", "tsx", own, "--mode", mode, ...extra]);

async function compare(
  name: string,
  mode: string,
  extra: readonly string[],
  turns: number,
  peerName: string,
  startPeers: () => Promise<readonly (Served | undefined)[]>,
): Promise<Row> {
  const served = await serveOwn(mode, ...extra);
  if (!served) throw new Error(`${own} --mode ${mode} does not start`);
  const peers = (await startPeers()).filter((one) => one !== undefined);
  try {
    const { own, peers: others } = await takeTurns(served, peers, turns);
    const [fastest] = others;
    return {
      name,
      value: own.imagesPerSecond,
      unit: "img/s",
      peakMB: Math.round(own.peakRssMB),
      gflops: own.gflops ?? 0,
      ...(fastest
        ? {
            peer: fastest.about ?? peerName,
            peerValue: fastest.imagesPerSecond,
            peerPeakMB: Math.round(fastest.peakRssMB),
            ratio: fastest.ratio,
          }
        : {}),
      ...(others.length > 1
        ? {
            peers: others.map(({ about = peerName, imagesPerSecond, ratio }) => ({
              about,
              imagesPerSecond,
              ratio,
            })),
          }
        : {}),
    };
  } finally {
    for (const one of [served, ...peers]) one.stop();
  }
}
