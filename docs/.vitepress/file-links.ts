/** Links in pages that the site cannot have as they are: to files of the repository that are no pages, and to READMEs. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { MarkdownRenderer } from "vitepress";

/**
 * Leaves of a link to a file its text, since the site has no such files. A link to a file that is not there fails the build, as
 * VitePress's own check does for pages.
 */
export function linkToFiles(md: MarkdownRenderer, root: string): void {
  md.core.ruler.push("links-to-files", ({ tokens, env }) => {
    const page = (env as { relativePath: string }).relativePath;
    for (const { children } of tokens) {
      let inFile = false;
      for (const token of children ?? []) {
        if (token.type === "link_open") {
          const href = String(token.attrGet("href"));
          // A README is the index of its folder (`rewrites` in config.ts).
          token.attrSet("href", href.replace(/(^|\/)README\.md(?=#|$)/, "$1index.md"));
          inFile = leadsToFile(href, page, root);
        }
        if (!inFile || !token.type.startsWith("link_")) continue;
        token.tag = "span";
        token.attrs = [];
        if (token.type === "link_close") inFile = false;
      }
    }
  });
}

/** @throws where nothing of this name is in the repository. */
function leadsToFile(href: string, page: string, root: string): boolean {
  const [path = ""] = href.split("#");
  if (path === "" || path.endsWith(".md") || /^(\w+:|\/)/.test(path)) return false;
  if (!existsSync(join(root, dirname(page), path)))
    throw new Error(`${page} links to ${href}, which is not there`);
  return true;
}
