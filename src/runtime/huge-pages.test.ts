import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { withHugePages } from "./huge-pages.node.ts";

const TUNABLES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304";
const ON_REQUEST = "always [madvise] never\n";

describe("huge pages", () => {
  test("are asked for, beside other tunables", () => {
    expect(withHugePages({ PATH: "/bin" }, ON_REQUEST)).toEqual({
      PATH: "/bin",
      GLIBC_TUNABLES: TUNABLES,
    });
    expect(withHugePages({ GLIBC_TUNABLES: "glibc.malloc.check=1" }, ON_REQUEST)).toEqual({
      GLIBC_TUNABLES: `glibc.malloc.check=1:${TUNABLES}`,
    });
  });

  test("are not asked for twice, against a person's choice, or if all or none have them", () => {
    for (const chosen of ["0", "1", "2"])
      expect(withHugePages({ GLIBC_TUNABLES: `glibc.malloc.hugetlb=${chosen}` }, ON_REQUEST)).toBeUndefined();
    expect(withHugePages({}, "[always] madvise never\n")).toBeUndefined();
    expect(withHugePages({}, "always madvise [never]\n")).toBeUndefined();
  });

  const setting = "/sys/kernel/mm/transparent_hugepage/enabled";
  const offered = existsSync(setting) && readFileSync(setting, "utf8").includes("[madvise]");
  test.skipIf(!offered || !("execve" in process))(
    "are what a program has that started again, once, with its arguments, options and process id",
    () => {
      const module = fileURLToPath(new URL("huge-pages.node.ts", import.meta.url));
      const program = `
        console.log(JSON.stringify([process.pid, process.env.GLIBC_TUNABLES ?? null, process.argv.slice(1), process.title]));
        const { restartWithHugePages } = await import(${JSON.stringify(module)});
        restartWithHugePages();`;
      const args = ["--import", "tsx", "--title=own", "--input-type=module", "-e", program, "--", "a b", "ü"];
      const lines = execFileSync(process.execPath, args, { encoding: "utf8" }).trim().split("\n");
      const [before, after, ...more] = lines.map((line) => JSON.parse(line) as unknown[]);
      expect(before?.slice(1)).toEqual([null, ["a b", "ü"], "own"]);
      expect(after).toEqual([before?.[0], TUNABLES, ["a b", "ü"], "own"]);
      expect(more).toEqual([]);
    },
  );
});
