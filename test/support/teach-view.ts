/** The page's view Teach in Chromium, as built, with the smaller shipped model and a camera that shows two faces. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { pageModelsText } from "../../src/export/page-models.ts";
import { startChromium } from "./chromium.ts";
import { clearFace, composite } from "./composites.ts";
import { cameraArguments, cornerOf, encoded, face, writeTwoFacesCameraFile } from "./photos.ts";
import { type StaticServer, serveFolder } from "./static-server.ts";

const built = fileURLToPath(new URL("../../dist/web", import.meta.url));

/** Milliseconds: a page is slow on a busy machine. */
export const PATIENCE = 240_000;

export interface TeachView {
  readonly browser: Browser;
  readonly server: StaticServer;
  /** Console messages and uncaught errors of the pages. */
  readonly complaints: string[];
  /** A path in a folder that is deleted at the end; its `images` holds six photos of each of two faces. */
  at(...parts: string[]): string;
  newContext(options?: Parameters<Browser["newContext"]>[0]): Promise<BrowserContext>;
  open(context: BrowserContext): Promise<Page>;
  close(): Promise<void>;
}

export async function openTeachView(args: readonly string[] = []): Promise<TeachView> {
  const folder = mkdtempSync(join(tmpdir(), "vultus-teach-"));
  const at = (...parts: string[]): string => join(folder, ...parts);
  const complaints: string[] = [];
  writePage(at);
  await writeTwoFacesCameraFile(at("camera.mjpeg"));
  await writeImages(at);
  const server = await serveFolder(at("page"), { isolated: true });
  const browser = await startChromium([...cameraArguments(at("camera.mjpeg")), ...args]);
  return {
    browser,
    server,
    complaints,
    at,
    async newContext(options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        permissions: ["camera"],
        ...options,
      });
      context.setDefaultTimeout(PATIENCE);
      context.on("console", (message) => {
        if (message.type() !== "info") complaints.push(message.text());
      });
      context.on("weberror", (error) => complaints.push(error.error().message));
      return context;
    },
    async open(context) {
      const page = await context.newPage();
      await page.goto(`${server.address}#teach`);
      await page.locator(".model-chip").first().waitFor();
      return page;
    },
    async close() {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writePage(at: TeachView["at"]): void {
  mkdirSync(at("page", "models"), { recursive: true });
  for (const name of ["assets", "faces"]) symlinkSync(join(built, name), at("page", name));
  for (const name of ["index.html", "sw.js", "vultus-element.js"])
    cpSync(join(built, name), at("page", name));
  const file = "models/vultus_s.onnx";
  const source = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)));
  writeFileSync(at("page", file), source);
  const models = [{ name: "vultus_s", file, bytes: source.length }];
  writeFileSync(at("page", "models.json"), pageModelsText({ models }));
}

async function writeImages(at: TeachView["at"]): Promise<void> {
  mkdirSync(at("images"));
  for (const [name, shown] of [
    ["first", face],
    ["second", clearFace],
  ] as const)
    for (let i = 0; i < 6; i++) {
      const picture = composite(300, 260, [{ face: shown, x: 140 + 4 * i, y: 130, side: 110 + 5 * i }], i);
      await encoded(picture)
        .png()
        .toFile(at("images", `${name}${i}.png`));
    }
}

/** Creates the first project, with two classes. */
export async function begin(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Start with two classes" }).click();
  await page.locator(".class-card").nth(1).waitFor();
}

export function card(page: Page, index: number): Locator {
  return page.locator(".class-card").nth(index);
}

/** Number of examples of a class. */
export async function countIn(page: Page, index: number): Promise<number> {
  return Number.parseInt((await card(page, index).locator(".card-head .number").textContent()) ?? "", 10);
}

/** Waits until the page reports that it recorded all examples of a class other than the `before` earlier ones. */
export async function untilRecorded(page: Page, index: number, before = 0): Promise<void> {
  const isReported = async (): Promise<boolean> => {
    const recorded = (await countIn(page, index)) - before;
    const text = await page.locator(".undo").textContent();
    return text?.startsWith(`Recorded ${recorded} example`) ?? false;
  };
  while (!(await isReported())) await page.waitForTimeout(20);
}

/** Adds files to a class, and waits for the report. */
export async function addImages(page: Page, index: number, ...paths: string[]): Promise<void> {
  const close = page.locator(".files-report").getByRole("button", { name: "Close" });
  if (await close.isVisible()) await close.click();
  await card(page, index).locator("input[type=file]").setInputFiles(paths);
  await page.locator(".files-report.panel").waitFor();
}

const corner = `(() => {
  const context = new OffscreenCanvas(20, 20).getContext("2d");
  context.drawImage(document.querySelector(".teach video"), 0, 0);
  return context.getImageData(10, 10, 1, 1).data[0];
})()`;

/** Waits until the camera starts to show the given person. */
export async function untilShown(page: Page, who: keyof typeof cornerOf): Promise<void> {
  const isShown = async (): Promise<boolean> =>
    Math.abs((await page.evaluate<number>(corner)) - cornerOf[who]) < 30;
  while (await isShown()) await page.waitForTimeout(50);
  while (!(await isShown())) await page.waitForTimeout(50);
}
