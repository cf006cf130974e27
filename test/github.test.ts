/** The files of `.github/`: each can be parsed, and names only scripts, Debian packages and Node versions that exist. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };
const files = readdirSync(join(root, ".github"), { recursive: true, encoding: "utf8" })
  .filter((path) => /\.\w+$/.test(path))
  .map((path) => join(".github", path));
const forms = files.filter((path) => /ISSUE_TEMPLATE.(?!config)/.test(path));

/** The content of a YAML file. @throws if it is not YAML, or has a duplicate key. */
function parsed(path: string): unknown {
  const document = parseDocument(read(path));
  expect([...document.errors, ...document.warnings].map(String), path).toEqual([]);
  return document.toJS();
}

/** The npm scripts that a text runs. */
const scriptsIn = (text: string): string[] =>
  [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)].map(
    ([, run, plain]) => run ?? plain ?? "",
  );

interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly "runs-on": string;
  readonly strategy?: {
    readonly matrix: { readonly os: readonly string[]; readonly node: readonly number[] };
  };
  readonly needs?: string;
  readonly steps: readonly {
    readonly run?: string;
    readonly uses?: string;
    readonly with?: Readonly<Record<string, string>>;
  }[];
}

test("every file is YAML or Markdown, and runs only scripts of package.json", () => {
  expect(scriptsIn("npm ci && npm run --silent build; npm run test:unit\nnpm test")).toEqual([
    "build",
    "test:unit",
    "test",
  ]);
  expect(files.length).toBeGreaterThan(3);
  for (const path of files) {
    if (/\.ya?ml$/.test(path)) parsed(path);
    else expect(path).toMatch(/\.md$/);
    for (const script of scriptsIn(read(path))) expect(Object.keys(scripts), path).toContain(script);
  }
});

test.each(forms)("%s is a form with a name, a description and fields of its own ids", (path) => {
  const form = parsed(path) as { name: string; description: string; body: { type: string; id?: string }[] };
  expect([form.name, form.description]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
  const ids = form.body.filter(({ type }) => type !== "markdown").map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(0);
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(ids.length);
});

describe("the workflow of the tests", () => {
  const { jobs } = parsed(".github/workflows/test.yml") as Workflow;
  const ran = ({ steps }: Job): string => steps.map(({ run = "" }) => run).join("\n");
  const job = (name: string): Job => jobs[name] as Job;

  test("tests every system with every Node that the package is tried with", () => {
    expect(job("unit").strategy?.matrix).toEqual({
      os: ["ubuntu-latest", "macos-latest", "windows-latest"],
      node: [20, 22, 24],
    });
    expect(scriptsIn(ran(job("unit")))).toContain("test:unit");
    expect(scriptsIn(ran(job("check")))).toEqual(["check"]);
  });

  test("installs for the whole suite what .ci/run installs", () => {
    const whole = ran(job("whole"));
    expect(scriptsIn(whole)).toEqual(["test", "examples", "quickstart"]);
    const body = /^missing\(\) \{\n(.*?)^\}/ms.exec(read(".ci/run"))?.[1] ?? "";
    const wanted = [...body.matchAll(/printf '([^']+)'/g)].flatMap(([, names = ""]) =>
      names.trim().split(" "),
    );
    expect(wanted).toContain("python3-torch");
    const installed = /apt-get install (.*)/.exec(whole)?.[1]?.split(/\s+/) ?? [];
    expect(installed.filter((word) => !word.startsWith("-")).sort()).toEqual([...wanted].sort());
  });

  test("installs by the lock file", () => {
    for (const { steps } of Object.values(jobs)) expect(steps.map(({ run }) => run)).toContain("npm ci");
  });
});

test("the workflow of the site publishes what docs:build writes", () => {
  const { build, deploy } = (parsed(".github/workflows/site.yml") as Workflow).jobs as Record<string, Job>;
  expect(build?.steps.flatMap(({ run = [] }) => run)).toEqual(["npm ci", "npm run docs:build"]);
  const uploaded = build?.steps.find(({ uses }) => uses?.startsWith("actions/upload-pages-artifact"))?.with
    ?.path;
  expect(scripts["docs:build"]).toMatch(/vitepress build docs$/);
  expect(uploaded).toBe("docs/.vitepress/dist");
  expect(deploy?.needs).toBe("build");
});

test.each(readdirSync(join(root, ".github/workflows")))("%s fixes the version of every action", (name) => {
  const { jobs } = parsed(join(".github/workflows", name)) as Workflow;
  const used = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses = [] }) => uses));
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
});
