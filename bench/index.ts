/**
 * The benchmark: every figure has a stable name, and PyTorch is measured in the same run, in alternating turns.
 *
 *     npm run --silent bench -- [--json] [--only step-resnet50-layer4] [--turns 5]
 */

import { parseArgs } from "node:util";
import { questions as backbones, besidePyTorch, featuresCached, withTeacher } from "./backbones.ts";
import { augment, fmaPeak, gemmRate } from "./engine.ts";
import { faces } from "./faces.ts";
import { int8 } from "./int8.ts";
import type { Row } from "./row.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, only: { type: "string" }, turns: { type: "string", default: "5" } },
});
const turns = Number(values.turns);

const questions: Record<string, () => Promise<Row | undefined>> = {
  "fma-peak": async () => fmaPeak(),
  gemm: () => gemmRate(turns),
  ...Object.fromEntries(
    backbones.map(([name, model, mode]) => [name, () => besidePyTorch(name, model, mode, turns)]),
  ),
  augment: () => augment(turns),
  "features-cached": () => featuresCached(turns),
  "step-vultus_m-teacher": () => withTeacher(turns),
  "predict-vultus_m": () => faces("vultus_m", turns),
  "predict-vultus_s": () => faces("vultus_s", turns),
  "int8-resnet50": () => int8(turns),
};
if (values.only && !questions[values.only]) {
  console.error(`there is no benchmark ${values.only}; valid: ${Object.keys(questions).join(", ")}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const [name, ask] of Object.entries(questions)) {
  if (values.only && name !== values.only) continue;
  const row = await ask();
  if (!row) continue;
  rows.push(row);
  if (!values.json) console.log(line(row));
}
if (values.json) console.log(JSON.stringify(rows, null, 2));

function line({
  name,
  value,
  unit,
  peer,
  peerValue,
  ratio,
  peakMB,
  peerPeakMB,
  gflops,
  peers = [],
}: Row): string {
  const own = `${name.padEnd(28)} ${value.toFixed(1).padStart(9)} ${unit.padEnd(8)}`;
  const cost = peakMB ? ` ${(peakMB / 1000).toFixed(2)} GB  ${gflops?.toFixed(0)} GFLOP/s` : "";
  const memory = peerPeakMB ? ` (${(peerPeakMB / 1000).toFixed(2)} GB)` : "";
  const other = peer ? `  ${peer} ${peerValue?.toFixed(1)}${memory}  ratio ${ratio?.toFixed(2)}` : "";
  const further = peers
    .slice(1)
    .map((one) => `; ${one.about} ${one.imagesPerSecond.toFixed(1)}, ${one.ratio.toFixed(2)}`);
  return `${own}${cost}${other}${further.join("")}`;
}
