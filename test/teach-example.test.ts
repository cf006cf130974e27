/** The example that trains in a page, bundled like a user's page: from a folder of images to a model that Node reads. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodeBundle } from "../src/program/decode-bundle.ts";
import { buildPage } from "./support/browser-build.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { serveFolder } from "./support/static-server.ts";
import { drawFaces } from "./support/teach.ts";

const example = fileURLToPath(new URL("../examples/browser", import.meta.url));

test("the example has fewer than 60 lines", () => {
  const files = readdirSync(example).filter((file) => /^teach.*\.ts$/.test(file));
  const lines = files.flatMap((file) => readFileSync(join(example, file), "utf8").trimEnd().split("\n"));
  expect(files).toEqual(["teach-worker.ts", "teach.ts"]);
  expect(lines.length).toBeLessThan(60);
});

test.skipIf(chromiumPath === undefined)(
  "a folder with a folder per class becomes a model",
  { timeout: 400_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
    const [site, faces] = [join(folder, "site"), join(folder, "faces")];
    await buildPage(example, site);
    await drawFaces(faces, ["happy", "sad"], { perClass: 10, validationPerClass: 1 });
    const server = await serveFolder(site, { isolated: true });
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.setDefaultTimeout(300_000);
      await page.goto(`${server.address}teach.html`);
      await page.locator("input").setInputFiles(join(faces, "train"));
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator("a", { hasText: "mine.onnx" }).click(),
      ]);
      expect(errors).toEqual([]);
      const { architecture, metadata } = decodeBundle(readFileSync(await download.path()), "mine.onnx");
      expect(architecture.classes).toEqual(["happy", "sad"]);
      expect(JSON.parse(metadata.data_counts as string)).toEqual({
        training: { happy: 8, sad: 8 },
        validation: { happy: 2, sad: 2 },
      });
    } finally {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true });
    }
  },
);
