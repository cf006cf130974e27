/** Two programs timed in turn, so that a machine whose speed drifts is the same for both. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

/** What one iteration of a served benchmark prints. */
export interface Iteration {
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly peakRssMB: number;
  readonly gflops?: number;
}

/** A program that runs one iteration per line of its input. */
export interface Served {
  iterate(): Promise<Iteration>;
  stop(): void;
}

/** Starts a program and waits until it is ready; undefined where it cannot run. */
export async function serve(command: string, args: readonly string[]): Promise<Served | undefined> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  const lines = child.stdout ? createInterface({ input: child.stdout })[Symbol.asyncIterator]() : undefined;
  child.on("error", () => {});
  const next = async (): Promise<string | undefined> => {
    const { value, done } = (await lines?.next()) ?? { value: undefined, done: true };
    return done ? undefined : String(value);
  };
  if ((await next()) === undefined) return undefined;
  return {
    async iterate() {
      child.stdin?.write("\n");
      return JSON.parse((await next()) ?? "{}") as Iteration;
    },
    stop() {
      child.stdin?.end();
      child.kill();
    },
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export interface Compared {
  readonly own: Iteration;
  readonly peer?: Iteration;
  /** Median over the turns of own speed divided by the peer's in the same turn. */
  readonly ratio?: number;
}

/**
 * Milliseconds between turns. The idle threads of OpenMP keep a core busy for 100 ms after PyTorch's turn, those of ONNX
 * Runtime for 20 ms after ours; whoever is next would have to share it.
 */
const PAUSE = 200;

/**
 * Runs both sides `turns` times, one after the other, and takes medians. The faster of several peers counts. A turn is two
 * iterations, of which the second counts: the first finds a core that slept and caches that the other side filled, and
 * nobody trains or predicts like that.
 */
export async function takeTurns(own: Served, peers: readonly Served[], turns: number): Promise<Compared> {
  const runs: Iteration[] = [];
  const others: Iteration[][] = peers.map(() => []);
  const turnOf = async (served: Served): Promise<Iteration> => {
    await setTimeout(PAUSE);
    await served.iterate();
    return served.iterate();
  };
  for (let turn = 0; turn < turns; turn++) {
    runs.push(await turnOf(own));
    for (const [i, peer] of peers.entries()) others[i]?.push(await turnOf(peer));
  }
  const summarise = (iterations: readonly Iteration[]): Iteration => ({
    seconds: median(iterations.map((one) => one.seconds)),
    imagesPerSecond: median(iterations.map((one) => one.imagesPerSecond)),
    peakRssMB: Math.max(...iterations.map((one) => one.peakRssMB)),
    gflops: median(iterations.map((one) => one.gflops ?? 0)),
  });
  const summaries = others.map(summarise);
  const best = summaries.findIndex(
    (one) => one.seconds === Math.min(...summaries.map((other) => other.seconds)),
  );
  if (best < 0) return { own: summarise(runs) };
  const ratio = median(
    runs.map((run, turn) => run.imagesPerSecond / (others[best]?.[turn]?.imagesPerSecond ?? Number.NaN)),
  );
  return { own: summarise(runs), peer: summaries[best] as Iteration, ratio };
}
