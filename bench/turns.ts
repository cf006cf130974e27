/** Times two programs in alternating turns, so that drifting machine speed affects both equally. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

/** The output of one iteration of a served benchmark. */
export interface Iteration {
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly peakRssMB: number;
  readonly gflops?: number;
}

/** A program that runs one iteration per line of its input. */
export interface Served {
  /** What it reports when it is ready, such as a version or a layout. */
  readonly about?: string;
  iterate(): Promise<Iteration>;
  stop(): void;
}

/** Starts a program and waits until it is ready; undefined if it cannot run. */
export async function serve(command: string, args: readonly string[]): Promise<Served | undefined> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  const lines = child.stdout ? createInterface({ input: child.stdout })[Symbol.asyncIterator]() : undefined;
  child.on("error", () => {});
  const next = async (): Promise<string | undefined> => {
    const { value, done } = (await lines?.next()) ?? { value: undefined, done: true };
    return done ? undefined : String(value);
  };
  const ready = await next();
  // Some libraries print here why they cannot run; that is not JSON.
  if (!ready?.startsWith("{")) {
    child.kill();
    return undefined;
  }
  const { about } = JSON.parse(ready) as { about?: string };
  return {
    ...(about ? { about } : {}),
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

/** One of the peers. */
export interface Peer extends Iteration {
  readonly about?: string;
  /** Median over the turns of our speed divided by the peer's in the same turn. */
  readonly ratio: number;
}

export interface Compared {
  readonly own: Iteration;
  /** The fastest first. */
  readonly peers: readonly Peer[];
}

/**
 * Milliseconds between turns. OpenMP's idle threads keep a core busy for 100 ms after PyTorch's turn, those of ONNX Runtime for
 * 20 ms after ours; the next program would have to share it.
 */
const PAUSE = 200;

/**
 * Runs both sides `turns` times, one after the other, and takes medians. A turn is two iterations, of which only the second
 * counts: the first starts with an idle core and with caches that the other side filled, which is not representative.
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
  const summaries = others.map((iterations, i): Peer => {
    const ratios = runs.map(
      (run, turn) => run.imagesPerSecond / (iterations[turn]?.imagesPerSecond ?? Number.NaN),
    );
    const { about } = peers[i] as Served;
    return { ...summarise(iterations), ...(about ? { about } : {}), ratio: median(ratios) };
  });
  return { own: summarise(runs), peers: summaries.sort((a, b) => a.seconds - b.seconds) };
}
