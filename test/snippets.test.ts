/** The library's snippets in README and docs type-check against the source, each as its own module. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs", "how-to")).map((name) => `docs/how-to/${name}`),
];
/** A TypeScript block (including JSX) that imports from the package; the others are pieces of source files. */
const usesLibrary = /from "vultus(\/\w+)?"/;

interface Snippet {
  readonly page: string;
  readonly text: string;
  readonly ending: "ts" | "tsx";
}

const snippets: readonly Snippet[] = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/```(tsx?)\n(.*?)```/gs)].flatMap(
    ([, ending, text = ""]) =>
      usesLibrary.test(text) ? [{ page, text, ending: ending as Snippet["ending"] }] : [],
  ),
);

/** The compiler's errors for modules in a folder of the checkout, where packages are found. */
function complaints(modules: readonly Omit<Snippet, "page">[]): string {
  const folder = join(root, ".cache", `snippets-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const [i, { text, ending }] of modules.entries())
      writeFileSync(join(folder, `${i}.${ending}`), text);
    writeFileSync(
      join(folder, "assets.d.ts"),
      'declare module "*?url" {\n  const url: string;\n  export default url;\n}\n',
    );
    const source = (name: string): string[] => [join(root, "src", name)];
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        // A snippet shows what is available; it need not use all of it.
        noUnusedLocals: false,
        jsx: "react-jsx",
        paths: {
          vultus: source("index.ts"),
          "vultus/element": source("element.ts"),
          "vultus/web": source("web.ts"),
          "vultus/server": source("server.ts"),
        },
      },
      include: ["*.ts", "*.tsx"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    return spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("every snippet compiles, and what does not is found", () => {
  const wrong = 'import { train } from "vultus";\nawait train({ data: "photos/", epoch: 3 });\n';
  expect(snippets.map(({ page }) => page)).toEqual(
    expect.arrayContaining([
      "README.md",
      "docs/how-to/library.md",
      "docs/how-to/page.md",
      "docs/how-to/element.md",
    ]),
  );
  const said = complaints([...snippets, { text: wrong, ending: "ts" }]);
  const [first = "", ...others] = said.split("\n").filter((line) => /error TS/.test(line));
  expect(first).toMatch(new RegExp(`/${snippets.length}\\.ts\\(2,\\d+\\): error TS2353: .*'epoch'`));
  expect(others).toEqual([]);
});
