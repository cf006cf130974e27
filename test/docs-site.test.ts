/** The documentation site: it builds, a dead link fails the build, and it requests nothing from other hosts. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMarkdownRenderer } from "vitepress";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linkToFiles } from "../docs/.vitepress/file-links.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { serveFolder } from "./support/static-server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const site = mkdtempSync(join(tmpdir(), "vultus-docs-"));
afterAll(() => rmSync(site, { recursive: true, force: true }));

beforeAll(() => {
  // If a test runner has set NODE_ENV, Vite would otherwise build for development.
  const env = { ...process.env, NODE_ENV: "production", VULTUS_SITE_BASE: "/user/project/" };
  const run = (...args: string[]): void =>
    void execFileSync(process.execPath, args, { cwd: root, env, stdio: "pipe" });
  run("--import", "tsx", "scripts/reference.ts");
  run("node_modules/vitepress/bin/vitepress.js", "build", "docs", "--outDir", site);
}, 300_000);

test("has the pages, the library's types and the demo", () => {
  for (const file of [
    "index.html",
    "CHANGELOG.html",
    "docs/how-to/predict.html",
    "docs/reference/commands.html",
    "docs/reference/api/the-main-jobs.html",
    "models/vultus_m.html",
    "demo/index.html",
    "demo/sw.js",
  ])
    expect(existsSync(join(site, file)), file).toBe(true);
});

test("a link to a file that is no page becomes text, and fails the build if there is no such file", async () => {
  const md = await createMarkdownRenderer(join(root, "docs"));
  linkToFiles(md, root);
  const env = { relativePath: "docs/how-to/predict.md" };
  const html = md.render(
    "[one](../../examples/04-faces-in-photos.ts), [a page](data.md), [all](../README.md)",
    env,
  );
  expect(html).toContain("<span>one</span>");
  expect(html).toContain('href="./data.html"');
  expect(html).toContain('href="./../"');
  expect(() => md.render("[none](../../examples/none.ts)", env)).toThrow(
    "docs/how-to/predict.md links to ../../examples/none.ts, which is not there",
  );
});

describe.skipIf(chromiumPath === undefined)("in Chromium (skipped if there is none)", () => {
  test("is searched, and shows the demo, without a request to another host", async () => {
    const server = await serveFolder(site, { path: "/user/project/" });
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      const elsewhere: string[] = [];
      const failures: string[] = [];
      page.on("request", (request) => {
        if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(server.address))
          elsewhere.push(request.url());
      });
      page.on("pageerror", (error) => failures.push(error.message));
      await page.goto(server.address);
      await page.getByRole("button", { name: "Search" }).first().click();
      await page.locator("#localsearch-input").fill("McNemar");
      await page.locator(".VPLocalSearchBox .result").first().waitFor();
      await page.goto(`${server.address}docs/demo.html`);
      const demo = page.frameLocator("iframe");
      await demo.locator(".model-chip").first().waitFor({ timeout: 100_000 });
      expect(elsewhere).toEqual([]);
      expect(failures).toEqual([]);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
