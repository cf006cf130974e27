/**
 * Makes the images of the README from drawn faces: the page (`docs/figures/page.png`) and parts of a report
 * (`docs/figures/report.png`).
 *
 * `npm run build && node --import tsx scripts/screenshots.ts [FOLDER]`: FOLDER is the `--out` of a `vultus quickstart`; without it,
 * one is run first. Needs Chromium.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { drawFace } from "../src/data/synthetic.ts";
import { exportModel } from "../src/jobs/export.ts";
import { startChromium } from "../test/support/chromium.ts";
import { serveFolder } from "../test/support/static-server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vultus-screenshots-"));
/** Size of both images, in pixels. */
const WIDTH = 1180;
/** Easily recognisable faces, by their keys. */
const shown = [
  ["happy", 22],
  ["angry", 0],
  ["surprise", 16],
] as const;

/** Keeps the most informative parts of a report, in two columns. */
const reportParts = `
  body { max-width: none; padding: 0 2rem 1.5rem; }
  header { padding: 2rem 0 1rem; }
  nav, footer, details, .skip, #base figcaption, #base figure ~ p, #looked .faces ~ *, #looked pre, #looked p { display: none; }
  .columns { display: block; }
  main { display: grid; grid-template-columns: 1fr 1fr; gap: 0 3rem; align-items: start; }
  main > section { display: none; border: 0; margin: 0; padding: 1rem 0 !important; }
  main > #result, main > #confusion, main > #looked, main > #base { display: block; }
  .headline { grid-template-columns: repeat(3, 1fr); gap: 1.5rem; }
  #confusion { grid-column: 2; grid-row: 1 / 3; }
  #looked { grid-column: 1 / 3; }
  #looked h3 { display: none; }
  #looked .faces { grid-template-columns: repeat(6, 1fr); }
  #looked .faces img { aspect-ratio: 4 / 3; object-fit: cover; }
`;

try {
  const quickstart = process.argv[2] ?? join(folder, "quickstart");
  if (!process.argv[2])
    execFileSync(process.execPath, ["bin/vultus.js", "quickstart", "--out", quickstart], {
      cwd: root,
      stdio: "inherit",
    });
  // The page and the report show the name of the folder.
  const run = join(folder, "drawn faces");
  cpSync(join(quickstart, "run"), run, { recursive: true });
  const faces = join(quickstart, "faces");
  const browser = await startChromium();
  await pageImage(browser, run, faces);
  await reportImage(browser, run, faces);
  await browser.close();
} finally {
  rmSync(folder, { recursive: true });
}

/** The page with three photos and the output of the run. */
async function pageImage(browser: Browser, run: string, faces: string): Promise<void> {
  const site = join(folder, "site");
  await exportModel({ model: run, to: "web", out: site, data: faces });
  const photos = await Promise.all(shown.map(([expression, key]) => photoOf(expression, key)));
  const server = await serveFolder(site, { isolated: true });
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 1100 } });
  page.setDefaultTimeout(120_000);
  await page.goto(server.address);
  await page.locator(".model-chip").first().waitFor();
  await page.locator("main input[type=file]").setInputFiles(photos);
  const card = page.locator(".card").last();
  await card.locator(".bars").waitFor();
  const { y, height } = (await card.boundingBox()) ?? { y: 0, height: 0 };
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(y + height + 24) };
  await save(await page.screenshot({ animations: "disabled", clip }), "page.png");
  server.close();
}

/** A photo of a drawn face, with the background extended on both sides. */
async function photoOf(expression: (typeof shown)[number][0], key: number): Promise<string> {
  const path = join(folder, `${expression}.jpg`);
  const { pixels, width, height, channels } = drawFace(expression, "shot", key);
  const wider = await sharp(pixels, { raw: { width, height, channels } })
    .extend({ left: 12, right: 12, top: 3, bottom: 3, extendWith: "copy" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  await sharp(wider.data, { raw: wider.info })
    .resize(640, 480, { kernel: "cubic" })
    .blur(1.2)
    .toColourspace("srgb")
    .jpeg({ quality: 92 })
    .toFile(path);
  return path;
}

/** Result, confusion matrix and heat maps of the report, side by side. */
async function reportImage(browser: Browser, run: string, faces: string): Promise<void> {
  execFileSync(process.execPath, ["bin/vultus.js", "report", run, faces], { cwd: root, stdio: "inherit" });
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 } });
  await page.goto(`file://${join(run, "report.html")}`);
  await page.addStyleTag({ content: reportParts });
  await save(await page.locator("body").screenshot({ animations: "disabled" }), "report.png");
}

/** Small, with a palette. */
async function save(image: Buffer, name: string): Promise<void> {
  const path = join(root, "docs", "figures", name);
  const { size } = await sharp(image).png({ palette: true, colours: 128, effort: 10 }).toFile(path);
  console.log(`${path}: ${size} bytes`);
}
