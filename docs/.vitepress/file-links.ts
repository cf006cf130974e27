/** Links from pages to files of the repository that are no pages, such as examples: the site has no such files. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { MarkdownRenderer } from "vitepress";

/**
 * Leaves of such a link its text. A link to a file that is not there fails the build, as VitePress's own check does for pages.
 */
export function linkToFiles(md: MarkdownRenderer, root: string): void {
  md.core.ruler.push("links-to-files", ({ tokens, env }) => {
    const page = (env as { relativePath: string }).relativePath;
    for (const { children } of tokens) {
      let inFile = false;
      for (const token of children ?? []) {
        if (token.type === "link_open") inFile = leadsToFile(String(token.attrGet("href")), page, root);
        if (!inFile || !token.type.startsWith("link_")) continue;
        // Hidden, the token is rendered as nothing.
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
