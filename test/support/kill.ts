/** Runs a training in a process of its own, kills it with SIGKILL at chosen moments, and resumes it until it is done. */

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { random } from "../../src/util/random.ts";

const cli = fileURLToPath(new URL("../../bin/vultus.js", import.meta.url));

/** When a process is killed: after some milliseconds, while a checkpoint is written, or right after a phase ended. */
export type Moment = number | "checkpoint" | "between phases";

/** Runs the command line; resolves with its exit code, or with "killed". */
export function runCli(args: readonly string[], folder: string, moment?: Moment): Promise<number | "killed"> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    const stop =
      moment === undefined ? () => {} : killAt(moment, folder, () => child.kill("SIGKILL"), child.stderr);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      stop();
      if (signal === "SIGKILL") resolve("killed");
      else if (code === 0) resolve(0);
      else reject(new Error(`exit code ${code}: ${errors}`));
    });
  });
}

function killAt(moment: Moment, folder: string, kill: () => void, stderr: NodeJS.ReadableStream): () => void {
  if (typeof moment === "number") {
    const timer = setTimeout(kill, moment);
    return () => clearTimeout(timer);
  }
  if (moment === "between phases") {
    stderr.on("data", (data: Buffer) => {
      if (/ ends: /.test(data.toString())) kill();
    });
    return () => {};
  }
  const checkpoints = join(folder, "checkpoints");
  if (!existsSync(checkpoints)) {
    const timer = setTimeout(kill, 1500);
    return () => clearTimeout(timer);
  }
  const watcher = watch(checkpoints, (_, name) => {
    if (name?.endsWith(".tmp")) kill();
  });
  return () => watcher.close();
}

/** Trains with `kills` interruptions at moments drawn by `seed`; returns how many processes were really killed. */
export async function trainWithKills(
  args: readonly string[],
  folder: string,
  kills: number,
  seed: number,
): Promise<number> {
  const rng = random(seed, "kills");
  let killed = 0;
  for (let attempt = 0; ; attempt++) {
    const started = existsSync(join(folder, "environment.json"));
    // A process killed before its run folder was complete leaves nothing that could be resumed.
    if (!started) rmSync(folder, { recursive: true, force: true });
    const drawn = rng.next();
    const moment: Moment =
      drawn < 0.3 ? "checkpoint" : drawn < 0.45 ? "between phases" : rng.uniform(300, 3000);
    const place = started ? ["--resume", folder] : ["--out", folder];
    const outcome = await runCli([...args, ...place], folder, killed < kills ? moment : undefined);
    if (outcome === "killed") killed++;
    else return killed;
  }
}

/** What must be equal between two runs: the bytes of the best weights and of the last checkpoint's tensors. */
export function finalBytes(folder: string): { best: Buffer; files: string[] } {
  return {
    best: readFileSync(join(folder, "best.safetensors")),
    files: readdirSync(join(folder, "checkpoints")).sort(),
  };
}
