/**
 * Shows where a step spends its time, from ONNX Runtime's profile:
 *
 *     node --import tsx bench/step.ts --mode layer4 --profile /tmp/layer4 < <(yes | head -3)
 *     node --import tsx bench/profile.ts /tmp/layer4_*.json [--top 12]
 *
 * prints milliseconds per run and share by operator, then the most expensive nodes.
 */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface Event {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { top: { type: "string", default: "12" } },
});
const [path] = positionals;
if (!path) {
  console.error("usage: profile.ts PROFILE.json [--top 12]");
  process.exit(2);
}
const events = JSON.parse(readFileSync(path, "utf8")) as Event[];
const runs = events.filter(({ name }) => name === "model_run").length;
const kernels = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"));

function table(title: string, key: (event: Event) => string): void {
  const spent = new Map<string, number>();
  for (const event of kernels) spent.set(key(event), (spent.get(key(event)) ?? 0) + event.dur);
  const total = [...spent.values()].reduce((sum, duration) => sum + duration, 0);
  console.log(`\n${title}`);
  for (const [name, duration] of [...spent].sort((a, b) => b[1] - a[1]).slice(0, Number(values.top))) {
    const share = ((100 * duration) / total).toFixed(1).padStart(5);
    console.log(`${(duration / runs / 1000).toFixed(1).padStart(9)} ms ${share} %  ${name}`);
  }
}

console.log(`${runs} runs`);
table("by operator", ({ args }) => args.op_name ?? "unknown");
table("by node", ({ name, args }) => `${args.op_name} ${name.replace(/_kernel_time$/, "")}`);
