/** `vultus serve` in its own process, in empty folders, and what can be observed from outside. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cli, tracelessEnvironment } from "./cli.ts";

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** The exit code or signal of a terminated process. */
  readonly ended: number | string | undefined;
  /** The last lines of its log. */
  log(): string;
  /** Bytes of resident memory (`VmRSS`). */
  memory(): number;
  /** Open files, sockets and pipes. */
  openFiles(): number;
  /** Files that it has created or holds open for writing, in its working folder, its home and its temporary folder. */
  filesTouched(): string[];
  /** Bytes that it has written to a disk; only Linux counts them. */
  bytesToDisk(): number;
  /** Kills one of its workers, and returns whether there was one; needs `killable`. */
  killWorker(): void;
  /** Ends it with SIGTERM, and after `patience` milliseconds with SIGKILL; returns the exit code or signal. */
  stop(patience?: number): Promise<number | string>;
}

export interface ServiceOptions {
  readonly args?: readonly string[];
  /** Whether workers can be killed: they are then tracked from within the process. */
  readonly killable?: boolean;
}

/** Starts the service on a free port and waits until it is ready. Its page needs a build. */
export async function startService({ args = [], killable = false }: ServiceOptions = {}): Promise<Service> {
  const home = mkdtempSync(join(tmpdir(), "vultus-service-"));
  const preload = killable ? ["--import", new URL("kill-worker.mjs", import.meta.url).href] : [];
  const child = spawn(process.execPath, [...preload, ...cli, "serve", "--port", "0", ...args], {
    cwd: home,
    env: { ...process.env, HOME: home, TMPDIR: home, NODE_ENV: "production", ...tracelessEnvironment },
    stdio: ["ignore", "ignore", "pipe", ...(killable ? (["ipc"] as const) : [])],
  });
  let said = "";
  let ended: number | string | undefined;
  child.stderr?.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-20_000)));
  const exit = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => resolve((ended = code ?? signal ?? "unknown")));
  });
  const proc = `/proc/${child.pid}`;
  const stop = async (patience = 60_000): Promise<number | string> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    const how = await exit;
    clearTimeout(timer);
    rmSync(home, { recursive: true, force: true });
    return how;
  };
  const number = (file: string, pattern: RegExp): number =>
    Number(pattern.exec(readFileSync(join(proc, file), "utf8"))?.[1] ?? Number.NaN);
  const descriptors = (): string[] =>
    readdirSync(join(proc, "fd")).flatMap((fd) => {
      try {
        return [readlinkSync(join(proc, "fd", fd))];
      } catch {
        // It was closed after the list was read.
        return [];
      }
    });

  for (let waited = 0; ; waited += 50) {
    if (ended !== undefined || waited > 60_000) {
      await stop(0);
      throw new Error(`the service did not start (${ended ?? "no answer for a minute"}): ${said}`);
    }
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
    if (port) {
      const url = `http://127.0.0.1:${port}`;
      const ready = await fetch(`${url}/readyz`).catch(() => undefined);
      if (ready?.ok) return service(url, port);
    }
    await sleep(50);
  }

  function service(url: string, port: number): Service {
    return {
      url,
      port,
      process: child,
      get ended() {
        return ended;
      },
      log: () => said,
      memory: () => 1024 * number("status", /VmRSS:\s+(\d+) kB/),
      openFiles: () => descriptors().length,
      filesTouched: () => [
        ...readdirSync(home, { recursive: true }).map(String),
        ...descriptors().filter((path) => path.startsWith(home) || path.endsWith("(deleted)")),
      ],
      bytesToDisk: () => (existsSync(join(proc, "io")) ? number("io", /^write_bytes: (\d+)/m) : 0),
      killWorker() {
        if (ended !== undefined) throw new Error(`the service has ended: ${ended}; ${said}`);
        child.send("kill a worker");
      },
      stop,
    };
  }
}
