/** Runs a training in its own process, kills it with SIGKILL at chosen moments, and resumes it until it is done. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { random } from "../../src/util/random.ts";
import { cli } from "./cli.ts";

/** When a process is killed: after some milliseconds, while a checkpoint is written, or right after a phase ended. */
export type Moment = number | "checkpoint" | "between phases";

export interface Exit {
  readonly code: number | "killed";
  readonly stderr: string;
}

/** Runs the command line, and kills it at `moment`; `onStderr` receives the output so far and may send its own signals. */
export function runCli(
  args: readonly string[],
  options: { folder?: string; moment?: Moment; onStderr?: (text: string, child: ChildProcess) => void } = {},
): Promise<Exit> {
  const { folder = "", moment, onStderr } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...cli, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
      onStderr?.(stderr, child);
    });
    const stop =
      moment === undefined ? () => {} : killAt(moment, folder, () => child.kill("SIGKILL"), child.stderr);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      stop();
      resolve({ code: signal === "SIGKILL" ? "killed" : (code ?? 1), stderr });
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

/** Trains with `kills` interruptions at moments drawn from `seed`; returns how many processes were actually killed. */
export async function trainWithKills(
  args: readonly string[],
  folder: string,
  kills: number,
  seed: number,
): Promise<number> {
  const rng = random(seed, "kills");
  let killed = 0;
  for (let attempt = 0; ; attempt++) {
    // A process killed before its run folder was complete leaves nothing to resume; the next one starts anew.
    const started = existsSync(join(folder, "environment.json"));
    const drawn = rng.next();
    const moment: Moment =
      drawn < 0.3 ? "checkpoint" : drawn < 0.45 ? "between phases" : rng.uniform(300, 3000);
    const place = started ? ["--resume", folder] : ["--out", folder];
    const { code, stderr } = await runCli([...args, ...place], killed < kills ? { folder, moment } : {});
    if (code === 0) return killed;
    if (code !== "killed") throw new Error(`exit code ${code}: ${stderr}`);
    killed++;
  }
}

/** The bytes of the best weights, which must be equal between two runs. */
export const bestBytes = (folder: string): Buffer => readFileSync(join(folder, "best.safetensors"));
