/** `vultus doctor`: what this machine offers, what is missing, and how to get it. */

import { existsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { Command } from "commander";
import { textRenders } from "../../report/raster.ts";
import { providers, runtimeVersion } from "../../runtime/session.node.ts";
import { version } from "../../util/version.node.ts";
import { result, resultJson } from "../output.ts";

/** What the advice depends on. */
export interface Machine {
  readonly providers: readonly string[];
  readonly hasNvidiaDriver: boolean;
  readonly fonts: boolean;
  /** As `process.versions.node`. */
  readonly node: string;
  /** Bytes. */
  readonly memory: number;
}

export function adviceFor({ providers, hasNvidiaDriver, fonts, node, memory }: Machine): string[] {
  const advice: string[] = [];
  if (!providers.includes("cuda")) {
    advice.push(
      hasNvidiaDriver
        ? "there is an NVIDIA driver but no CUDA provider: run `node node_modules/onnxruntime-node/script/install.js` once, which downloads it"
        : providers.includes("webgpu")
          ? "no CUDA: no NVIDIA driver was found; `--device webgpu` may use a GPU"
          : "no CUDA: no NVIDIA driver was found, so everything runs on the CPU",
    );
  }
  if (!fonts)
    advice.push(
      "no fonts: text in PNG charts would be empty boxes; install one, for example Debian's fonts-dejavu-core",
    );
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    advice.push("Node is older than 20.19; install a newer one");
  if (memory < 4 * 2 ** 30)
    advice.push(
      "less than 4 GB of memory: train small backbones (--model squeezenet1_1) with a small --batch-size",
    );
  return advice;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check this machine: Node, ONNX Runtime, providers, cores, memory")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const found = providers();
      const fonts = await textRenders();
      const facts = {
        vultus: version,
        node: process.version,
        onnxruntime: runtimeVersion(),
        providers: found,
        cpu: cpus()[0]?.model ?? "unknown",
        cores: availableParallelism(),
        memoryGB: Number((totalmem() / 2 ** 30).toFixed(1)),
        freeGB: Number((freemem() / 2 ** 30).toFixed(1)),
        fonts,
        advice: adviceFor({
          providers: found,
          hasNvidiaDriver: existsSync("/proc/driver/nvidia/version"),
          fonts,
          node: process.versions.node,
          memory: totalmem(),
        }),
      };
      if (json) return resultJson(facts);
      for (const [name, value] of Object.entries(facts)) {
        if (name !== "advice")
          result(`${name.padEnd(12)} ${Array.isArray(value) ? value.join(", ") : String(value)}`);
      }
      for (const line of facts.advice) result(`- ${line}`);
    });
}
