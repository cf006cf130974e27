/**
 * Measures the time and memory that reading weights takes: a 100 MB file in each format, each read in its own process.
 *
 *     node --import tsx bench/weights-io.ts
 *
 * Memory is the growth of the process's peak during the read, as a share of the file's size (Linux only).
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeSafetensorsParts } from "../src/formats/safetensors.ts";
import { encodePytorchParts } from "../src/formats/write-pytorch.ts";
import { random } from "../src/util/random.ts";
import { floatTensor, type StateDict } from "../src/util/tensor.ts";
import { readWeights } from "../src/weights/load.node.ts";

const [, script, file] = process.argv;
if (file) {
  // Not the peak of getrusage, which a process inherits from its parent.
  const peak = (): number =>
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
  const before = peak();
  const started = performance.now();
  const { tensors } = readWeights(file);
  let sum = 0;
  for (const { data } of tensors.values()) sum += data[0] ?? 0;
  const seconds = (performance.now() - started) / 1000;
  console.log(
    JSON.stringify({ seconds, memory: (peak() - before) / statSync(file).size, tensors: tensors.size, sum }),
  );
} else {
  const folder = mkdtempSync(join(tmpdir(), "vultus-io-"));
  const rng = random("weights-io");
  const weights: StateDict = new Map(
    Array.from({ length: 100 }, (_, i) => [
      `layer${i}.weight`,
      floatTensor([250_000], Float32Array.from({ length: 250_000 }, rng.normal)),
    ]),
  );
  const python = `import torch, numpy as np, sys
state = {f"layer{i}.weight": torch.randn(250000) for i in range(100)}
torch.save(state, sys.argv[1] + "/zip.pth")
torch.save(state, sys.argv[1] + "/legacy.pth", _use_new_zipfile_serialization=False)`;
  writeFileSync(join(folder, "own.safetensors"), Buffer.concat(encodeSafetensorsParts(weights)));
  writeFileSync(join(folder, "own.pth"), Buffer.concat(encodePytorchParts(weights)));
  const hasTorch = spawnSync("/usr/bin/python3", ["-c", python, folder]).status === 0;
  for (const name of ["own.safetensors", "own.pth", ...(hasTorch ? ["zip.pth", "legacy.pth"] : [])]) {
    const { stdout } = spawnSync(
      process.execPath,
      ["--import", "tsx", fileURLToPath(`file://${script}`), join(folder, name)],
      { encoding: "utf8" },
    );
    const { seconds, memory } = JSON.parse(stdout) as { seconds: number; memory: number };
    console.log(
      `${name.padEnd(18)} ${seconds.toFixed(3)} s  ${memory.toFixed(2)} × its size in extra memory`,
    );
  }
  rmSync(folder, { recursive: true });
}
