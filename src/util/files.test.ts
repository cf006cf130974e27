import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FormatError, VultusError } from "./errors.ts";
import {
  appendLine,
  type FileCalls,
  growingFile,
  makeFolder,
  readJson,
  realCalls,
  writeFileAtomic,
  writeFilesAtomic,
} from "./files.node.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vultus-files-"));
  path = join(folder, "a.txt");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Returns the real calls, except that call number `failing` fails with `code`; `log` collects their names. */
function failingCalls(failing: number, code: string, log: string[] = []): FileCalls {
  const wrap =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      log.push(name);
      if (log.length - 1 !== failing) return call(...args);
      if (name === "close") call(...args);
      throw Object.assign(new Error(`${code}: as injected`), { code });
    };
  return {
    open: wrap("open", realCalls.open),
    write: wrap("write", realCalls.write),
    sync: wrap("sync", realCalls.sync),
    close: wrap("close", realCalls.close),
    rename: wrap("rename", realCalls.rename),
    remove: wrap("remove", realCalls.remove),
  };
}

test("a file is written beside, synced, renamed, and its folder synced", () => {
  writeFileSync(path, "old and longer");
  const log: string[] = [];
  writeFileAtomic(path, "new", failingCalls(-1, "", log));
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["a.txt"]);
  expect(log).toEqual(["open", "write", "sync", "close", "rename", "open", "sync", "close"]);
});

test("the file that a symbolic link leads to is replaced, and not the link", () => {
  const link = join(folder, "link.txt");
  writeFileSync(path, "old");
  symlinkSync(path, link);
  writeFileAtomic(link, "new");
  expect(readFileSync(path, "utf8")).toBe("new");
  const growing = growingFile(link);
  growing.append("newer");
  growing.finish();
  expect(readFileSync(path, "utf8")).toBe("newer");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readdirSync(folder)).toEqual(["a.txt", "link.txt"]);
});

test("several files are replaced together, and none if the disk is full before all are written", () => {
  const other = join(folder, "b.txt");
  writeFileSync(path, "old");
  // open, write, sync, close of the first; open, write of the second.
  expect(() =>
    writeFilesAtomic(
      [
        [path, "new"],
        [other, "new"],
      ],
      failingCalls(5, "ENOSPC"),
    ),
  ).toThrow(/b\.txt was not written: the disk is full/);
  expect(readdirSync(folder)).toEqual(["a.txt"]);
  expect(readFileSync(path, "utf8")).toBe("old");
  writeFilesAtomic([
    [path, "new"],
    [other, "newer"],
  ]);
  expect([path, other].map((file) => readFileSync(file, "utf8"))).toEqual(["new", "newer"]);
});

test("parts are joined, and short writes are continued", () => {
  const calls: FileCalls = {
    ...realCalls,
    write: (file, data, offset, length) => realCalls.write(file, data, offset, Math.min(length, 2)),
  };
  writeFileAtomic(path, [Uint8Array.of(104, 101, 108), new Uint8Array(0), Uint8Array.of(108, 111)], calls);
  expect(readFileSync(path, "utf8")).toBe("hello");
});

test.each([
  ["ENOSPC", "the disk is full"],
  ["EACCES", "permission denied"],
  ["EROFS", "read-only"],
  ["EMFILE", "EMFILE: as injected"],
])("%s at any call before the rename leaves the old file and nothing else", (code, reason) => {
  writeFileSync(path, "old");
  for (let failing = 0; failing <= 4; failing++) {
    const write = () => writeFileAtomic(path, "new", failingCalls(failing, code));
    expect(write).toThrow(VultusError);
    expect(write).toThrow(`${path} was not written`);
    expect(write).toThrow(reason);
    expect(write).toThrow("untouched");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  }
});

test("a folder that cannot be synced is said, and the new file is there", () => {
  for (let failing = 5; failing <= 7; failing++) {
    expect(() => writeFileAtomic(path, "new", failingCalls(failing, "EIO"))).toThrow(
      `${path} is written, but its folder could not be synced: the disk reports an error`,
    );
    expect(readFileSync(path, "utf8")).toBe("new");
  }
});

test("the first reason is reported, even if cleaning up fails too", () => {
  const full = failingCalls(1, "ENOSPC");
  const stubborn = () => {
    throw new Error("not this one");
  };
  expect(() => writeFileAtomic(path, "new", { ...full, remove: stubborn, close: stubborn })).toThrow(
    "the disk is full",
  );
});

test("a disk that takes nothing and says nothing is an error, not an endless loop", () => {
  expect(() => writeFileAtomic(path, "new", { ...realCalls, write: () => 0 })).toThrow("wrote nothing");
});

test("a file that grows appears when it is whole; a failure of any call leaves the old one and nothing else", () => {
  writeFileSync(path, "old");
  const write = (calls?: FileCalls): void => {
    const file = growingFile(path, calls);
    file.append("one\n");
    file.append("two\n");
    expect(readFileSync(path, "utf8")).toBe("old");
    file.finish();
    file.discard();
  };
  for (let failing = 0; failing <= 5; failing++) {
    expect(() => write(failingCalls(failing, "ENOSPC"))).toThrow(`${path} was not written: the disk is full`);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  }
  const file = growingFile(path);
  file.append("half");
  file.discard();
  expect(readdirSync(folder)).toEqual(["a.txt"]);
  write();
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  expect(readdirSync(folder)).toEqual(["a.txt"]);
});

test("lines are added one by one; a failure names the file", () => {
  appendLine(path, "one");
  appendLine(path, "two");
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  expect(() => appendLine(path, "three", failingCalls(1, "ENOSPC"))).toThrow(
    `${path} was not written: the disk is full`,
  );
});

test("JSON that cannot be read is explained", () => {
  writeFileSync(path, '{"a": [1, 2]}');
  expect(readJson(path)).toEqual({ a: [1, 2] });
  writeFileSync(path, '{"a": [1, ');
  expect(() => readJson(path)).toThrow(FormatError);
  expect(() => readJson(path)).toThrow(`${path} is not JSON (10 bytes)`);
  expect(() => readJson(join(folder, "none"))).toThrow("no such file or folder");
});

test("a folder is made with those above it, and the topmost that was made is returned", () => {
  const deep = join(folder, "a", "b", "c");
  expect(makeFolder(deep)).toBe(join(folder, "a"));
  expect(existsSync(deep)).toBe(true);
  expect(makeFolder(deep)).toBeUndefined();
  expect(makeFolder(join(deep, "d"))).toBe(join(deep, "d"));
});

test("a folder that cannot be made is an error, when a file is in the way too", () => {
  writeFileSync(path, "");
  expect(() => makeFolder(path)).toThrow(/a\.txt cannot be created: /);
  expect(() => makeFolder(join(path, "below"))).toThrow(/cannot be created: a part of its path is a file/);
  // Node's own recursive mkdirSync never returns from the first of these.
  if (process.platform === "linux") {
    expect(() => makeFolder("/proc/vultus/run")).toThrow(/no such file/);
    expect(() => makeFolder("/proc/vultus")).toThrow(/no such file/);
  }
});
