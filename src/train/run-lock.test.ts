import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UsageError, VultusError } from "../util/errors.ts";
import { LOCK_FILE, lockRunFolder } from "./run-lock.node.ts";

let folder: string;
let lock: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vultus-lock-"));
  lock = join(folder, LOCK_FILE);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Returns the content of this process's lock with some changes. */
function content(changes: object): string {
  const own = lockRunFolder(folder);
  const text = readFileSync(lock, "utf8");
  own.release();
  return JSON.stringify({ ...JSON.parse(text), ...changes });
}

/** Starts a process that holds the lock until it is killed. */
async function holder(): Promise<ChildProcess> {
  const source = `
    import { lockRunFolder } from ${JSON.stringify(new URL("run-lock.node.ts", import.meta.url).href)};
    lockRunFolder(${JSON.stringify(folder)});
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", source];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  return child;
}

test("a folder is locked until it is released, and nothing is left in it then", () => {
  const own = lockRunFolder(folder);
  expect(() => lockRunFolder(folder)).toThrow(UsageError);
  expect(() => lockRunFolder(folder)).toThrow(/another training of this program writes to/);
  own.release();
  expect(readdirSync(folder)).toEqual([]);
  lockRunFolder(folder).release();
});

test("another process is refused while the first lives, and not after it was killed", {
  timeout: 30_000,
}, async () => {
  const child = await holder();
  expect(() => lockRunFolder(folder)).toThrow(UsageError);
  expect(() => lockRunFolder(folder)).toThrow(`process ${child.pid} has been writing to ${folder} since 20`);
  expect(readdirSync(folder)).toEqual([LOCK_FILE]);
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  expect(existsSync(lock)).toBe(true);
  const own = lockRunFolder(folder);
  expect(() => lockRunFolder(folder)).toThrow(/another training of this program/);
  own.release();
});

test.runIf(process.platform === "linux")(
  "a later process of the same number is not the one that locked",
  () => {
    writeFileSync(lock, content({ start: "12345" }));
    lockRunFolder(folder).release();
    expect(existsSync(lock)).toBe(false);
  },
);

test("a lock of another machine holds while it is renewed, and for two minutes more", () => {
  writeFileSync(lock, content({ machine: "elsewhere", host: "faraway", pid: 7 }));
  const moved = (seconds: number): void =>
    utimesSync(lock, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds);
  moved(90);
  expect(() => lockRunFolder(folder)).toThrow(UsageError);
  expect(() => lockRunFolder(folder)).toThrow(
    /process 7 on faraway writes to .* renewed .*training\.lock (89|90|91) s ago/,
  );
  moved(130);
  lockRunFolder(folder).release();
});

test("a lock that nobody can read is like one of another machine", () => {
  writeFileSync(lock, "{");
  expect(() => lockRunFolder(folder)).toThrow(/another process writes to/);
  utimesSync(lock, Date.now() / 1000 - 130, Date.now() / 1000 - 130);
  lockRunFolder(folder).release();
});

test("a lock that another process has taken over is not removed", () => {
  const own = lockRunFolder(folder);
  const other = JSON.stringify({ ...JSON.parse(readFileSync(lock, "utf8")), pid: 1 });
  writeFileSync(lock, other);
  own.release();
  expect(readFileSync(lock, "utf8")).toBe(other);
});

test("a folder that cannot be written to is said", () => {
  expect(() => lockRunFolder(join(folder, "missing"))).toThrow(VultusError);
  expect(() => lockRunFolder(join(folder, "missing"))).toThrow(/missing cannot be written to: no such file/);
});
