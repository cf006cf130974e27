/** `vultus doctor`: reports what this machine offers, what is missing, and how to install it. */

import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { Command, Option } from "commander";
import { textRenders } from "../../report/raster.ts";
import { type CudaState, cudaState, hasNvidiaDriver } from "../../runtime/cuda.node.ts";
import { missesHugePages } from "../../runtime/huge-pages.node.ts";
import { whyWebAssembly } from "../../runtime/onnxruntime.node.ts";
import { otherSystems, removeOtherSystems, systemOf } from "../../runtime/other-systems.node.ts";
import { providers, runtimeVersion } from "../../runtime/session.node.ts";
import { version } from "../../util/version.node.ts";
import { command } from "../invocation.ts";
import { result, resultJson } from "../output.ts";

/** The properties of a machine that the advice depends on. */
export interface Machine {
  /** Why programs run on WebAssembly; undefined if they don't. */
  readonly webAssembly: string | undefined;
  readonly providers: readonly string[];
  readonly hasNvidiaDriver: boolean;
  readonly cuda: CudaState;
  /** Size in bytes of ONNX Runtime's libraries for other systems. */
  readonly unused: number;
  readonly fonts: boolean;
  /** Whether huge pages could be had, but not by this Node alone. */
  readonly missesHugePages: boolean;
  /** Node's version, as in `process.versions.node`. */
  readonly node: string;
  /** In bytes. */
  readonly memory: number;
}

export function adviceFor(machine: Machine): string[] {
  const { webAssembly, providers, hasNvidiaDriver, cuda, unused, fonts, missesHugePages, node, memory } =
    machine;
  const advice: string[] = [];
  if (webAssembly !== undefined)
    advice.push(`programs run on WebAssembly, which is slower and has no GPU, because ${webAssembly}`);
  else if (!providers.includes("cuda")) {
    advice.push(
      hasNvidiaDriver && cuda.installed
        ? `an NVIDIA driver is installed, but CUDA does not work: ${cuda.fault}`
        : hasNvidiaDriver
          ? "an NVIDIA driver is installed, but no CUDA provider: `node node_modules/onnxruntime-node/script/install.js` downloads it; docs/how-to/gpu.md names another source"
          : providers.includes("webgpu")
            ? "no CUDA, because no NVIDIA driver was found; `--device webgpu` may use a GPU"
            : "no CUDA, because no NVIDIA driver was found; everything runs on the CPU",
    );
  }
  if (unused > 0)
    advice.push(
      `ONNX Runtime's libraries for other systems take ${megabytes(unused)}: \`${command("doctor", "--prune")}\` deletes them`,
    );
  if (!fonts)
    advice.push(
      "no fonts found, so text in PNG charts would appear as empty boxes; install one, for example Debian's fonts-dejavu-core",
    );
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    advice.push("Node is older than 20.19; install a newer one");
  if (missesHugePages)
    advice.push(
      "with huge pages, training is up to a third faster: install Node 22.15 or newer, or set the environment variable GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    );
  if (memory < 4 * 2 ** 30)
    advice.push(
      "less than 4 GB of memory: train small backbones (--model squeezenet1_1) with a small --batch-size",
    );
  return advice;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check this machine: Node, ONNX Runtime, providers, cores, memory")
    .option("--json", "print JSON")
    .addOption(
      new Option(
        "--prune",
        "delete ONNX Runtime's libraries for other systems, which this machine does not use",
      ).conflicts("json"),
    )
    .action(async ({ json, prune }: { json?: boolean; prune?: boolean }) => {
      if (prune) {
        const { folders, bytes } = removeOtherSystems();
        return result(
          folders.length === 0
            ? "there are no libraries for other systems"
            : `deleted the libraries for ${folders.map(systemOf).sort().join(", ")}: ${megabytes(bytes)}`,
        );
      }
      const found = providers();
      const webAssembly = whyWebAssembly();
      const fonts = await textRenders();
      const facts = {
        vultus: version,
        node: process.version,
        onnxruntime: runtimeVersion(),
        runtime: webAssembly === undefined ? "native" : "WebAssembly",
        providers: found,
        cpu: cpus()[0]?.model ?? "unknown",
        cores: availableParallelism(),
        memoryGB: Number((totalmem() / 2 ** 30).toFixed(1)),
        freeGB: Number((freemem() / 2 ** 30).toFixed(1)),
        fonts,
        advice: adviceFor({
          webAssembly,
          providers: found,
          hasNvidiaDriver: process.platform === "linux" && hasNvidiaDriver(),
          cuda: cudaState(),
          unused: otherSystems().bytes,
          fonts,
          missesHugePages: missesHugePages(),
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
