/** The site: README, docs, model cards and the project's pages, with vultus's own page at `/demo/`. */

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { linkToFiles } from "./file-links.ts";
import { sidebar } from "./sidebar.ts";
import { slugOf } from "./slug.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export default defineConfig({
  title: "vultus",
  description: "Train, measure, compare and ship facial-expression classifiers in TypeScript.",
  lang: "en",
  // The path below which a host serves the site.
  base: (process.env.VULTUS_SITE_BASE as `/${string}/` | undefined) ?? "/",
  srcDir: "..",
  srcExclude: ["!(docs|models)/**/*"],
  rewrites: { "README.md": "index.md", "docs/README.md": "docs/index.md" },
  head: [["link", { rel: "icon", href: icon() }]],
  // The index of the search is one chunk, loaded with the first search.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    anchor: { slugify: slugOf },
    config: (md) => linkToFiles(md, root),
  },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/docs/how-to/predict" },
      { text: "Commands", link: "/docs/reference/commands" },
      { text: "Library", link: "/docs/reference/api/" },
      { text: "Demo", link: "/docs/demo" },
    ],
    sidebar: sidebar(root),
    outline: [2, 3],
    search: { provider: "local" },
    footer: { message: "MIT licence" },
  },
  buildEnd({ outDir }) {
    const page = join(root, "dist", "web");
    // The pages of `watch` and `review` need their servers.
    const needsServer = /(watch|review)\.html$/;
    cpSync(page, join(outDir, "demo"), { recursive: true, filter: (path) => !needsServer.test(path) });
  },
});

/** The page's own icon. */
function icon(): string {
  const page = readFileSync(join(root, "web", "index.html"), "utf8");
  return /rel="icon" href="([^"]+)"/.exec(page)?.[1] ?? "";
}
