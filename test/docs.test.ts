/** The documentation: generated pages are current, every link has a target, and the table of contents is complete. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { slugOf } from "../docs/.vitepress/slug.ts";
import { committedPages } from "../scripts/reference.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Every page that people read, by its path in the repository. */
const pages: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...["docs", "models"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md") && !/^\.vitepress|reference.api/.test(name))
      .map((name) => join(folder, name)),
  ),
];

const withoutCode = (text: string): string => text.replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "`");

/** The anchors of a page: those of its headings, with a number after repeated names. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```.*?^```/gms, "").matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The broken links of a page. */
function brokenLinks(page: string, text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^\w+:/.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : normalize(join(dirname(page), path));
    if (path !== "" && !existsSync(join(root, target))) return [`${page}: ${link}: no such file`];
    if (anchor === undefined) return [];
    const content = target === page ? text : read(target);
    return anchorsOf(content).has(anchor) ? [] : [`${page}: ${link}: no such heading`];
  });
}

describe("links", () => {
  test("a missing file and a missing heading are found, and code is no link", () => {
    const text =
      "# A `b` (c)\n## Same\n## Same\n[x](#a-b-c) [y](#same-1) [z](README.md#vultus) `[n](no)`\n```\n[n](no)\n```\n";
    expect(brokenLinks("here.md", text)).toEqual([]);
    expect(brokenLinks("here.md", "[a](none.md) [b](#none) [c](README.md#none)")).toEqual([
      "here.md: none.md: no such file",
      "here.md: #none: no such heading",
      "here.md: README.md#none: no such heading",
    ]);
  });

  test("every link leads to a file and a heading that are there", () => {
    expect(pages).toEqual(
      expect.arrayContaining(["README.md", "docs/how-to/predict.md", "models/vultus_m.md"]),
    );
    expect(pages.flatMap((page) => brokenLinks(page, read(page)))).toEqual([]);
  });
});

test("the table of contents has every page once", () => {
  const listed = [...read("docs/README.md").matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) =>
    normalize(join("docs", link)),
  );
  expect(listed.toSorted()).toEqual(
    pages.filter((page) => !["README.md", "docs/README.md"].includes(page)).toSorted(),
  );
});

test("the pages on commands and recipes are current (npm run docs:reference writes them)", async () => {
  for (const [name, text] of await committedPages())
    expect(read(join("docs/reference", name)), name).toBe(text);
});
