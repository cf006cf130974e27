/** The page of runs in a browser: it follows a recorded run, survives its server, and is accessible. */

import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startWatching, type WatchServer } from "../src/server/runs/server.ts";
import type { RunEvent } from "../src/train/run-events.ts";
import { expectAccessible } from "./support/accessible.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { classes, lineOf, recordedEvents, writeRecordedRun } from "./support/recorded-run.ts";

const built = existsSync(fileURLToPath(new URL("../dist/web/watch.html", import.meta.url)));
const root = mkdtempSync(join(tmpdir(), "vultus-watch-page-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function newRun(name: string): Promise<{ folder: string; log: string }> {
  const folder = join(root, name);
  writeRecordedRun(folder);
  mkdirSync(join(folder, "watched"));
  for (const number of classes.flatMap((_, i) => [2 * i, 2 * i + 1])) {
    const background = { r: 20 * number, g: 128, b: 200 };
    await sharp({ create: { width: 48, height: 48, channels: 3, background } })
      .webp()
      .toFile(join(folder, "watched", `${number}.webp`));
  }
  return { folder, log: join(folder, "events.jsonl") };
}

const epochsIn = (events: readonly RunEvent[]): number =>
  events.filter(({ event }) => event === "epochEnd").length;

describe.skipIf(chromiumPath === undefined || !built)("in Chromium (skipped if there is none)", () => {
  let browser: Browser;
  let server: WatchServer | undefined;
  const asked = new Set<string>();
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await server?.close({ over: false });
    server = undefined;
  });

  async function open(
    paths: readonly string[],
    options: Parameters<Browser["newPage"]>[0] = {},
  ): Promise<Page> {
    server = await startWatching({ paths, host: "127.0.0.1", port: 0 });
    const page = await browser.newPage(options);
    page.on("request", (request) => void asked.add(new URL(request.url()).origin));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(server.url);
    return page;
  }

  const rows = (page: Page) => page.locator(".run .numbers tbody tr");
  const pixelsOf = (page: Page): Promise<string> =>
    page.evaluate("document.querySelector('.plot canvas').toDataURL()");

  test("curves, confusion and images grow with the run; after a restart of the server nothing is lost or doubled", async () => {
    // Its first minutes were just now.
    const events = recordedEvents(1, Date.now() + 300_000);
    const { folder, log } = await newRun("growing");
    const write = (from: number, to: number): void =>
      appendFileSync(log, events.slice(from, to).map(lineOf).join(""));
    const page = await open([folder]);
    const first = server as WatchServer;
    await page.locator(".standing", { hasText: "Waiting" }).waitFor();
    write(0, 40);
    await page.locator(".standing", { hasText: "Training" }).waitFor();
    expect(await rows(page).count()).toBe(epochsIn(events.slice(0, 40)));
    const before = await pixelsOf(page);
    await page.locator(".pictures img").nth(11).waitFor();
    await page.waitForFunction("[...document.images].every((image) => image.naturalWidth > 0)");
    const cells = await page.locator(".confusion tbody td").allTextContents();
    expect(cells).toHaveLength(36);

    await first.close({ over: false });
    await page.locator(".connection.lost").waitFor();
    write(40, 100);
    const { port } = new URL(first.url);
    server = await startWatching({ paths: [folder], host: "127.0.0.1", port: Number(port) });
    await page.locator(".connection.open").waitFor();
    await page.locator("summary", { hasText: `All ${epochsIn(events.slice(0, 100))} epochs` }).waitFor();
    expect(await rows(page).count()).toBe(epochsIn(events.slice(0, 100)));
    expect(await pixelsOf(page)).not.toBe(before);
    expect(await page.locator(".confusion tbody td").allTextContents()).not.toEqual(cells);

    // By keyboard alone, back to the predictions of the first epoch.
    await page.locator(".slider input").focus();
    await page.keyboard.press("Home");
    await page.locator("h3", { hasText: "After epoch 1 of head" }).waitFor();
    await page.keyboard.press("End");

    write(100, events.length);
    await page.locator(".standing", { hasText: "Finished" }).waitFor();
    expect(await rows(page).count()).toBe(epochsIn(events));
    await server.close({ over: true });
    await page.locator(".connection.over").waitFor();
    expect(await rows(page).count()).toBe(epochsIn(events));
    await page.close();
  });

  test.each([
    { name: "light", colorScheme: "light", width: 1280 },
    { name: "dark", colorScheme: "dark", width: 1280 },
    { name: "narrow", colorScheme: "light", width: 390 },
  ] as const)("axe finds nothing: $name", async ({ name, colorScheme, width }) => {
    const runs = [await newRun(`${name}-one`), await newRun(`${name}-two`)];
    for (const [i, { log }] of runs.entries())
      writeFileSync(
        log,
        recordedEvents(i + 1)
          .slice(0, 90)
          .map(lineOf)
          .join(""),
      );
    const page = await open(
      runs.map(({ folder }) => folder),
      { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" },
    );
    await page.locator(".pictures img").nth(23).waitFor();
    for (const summary of await page.locator("summary").all()) await summary.click();
    await expectAccessible(page);
    await page.close();
  });

  test("runs are chosen by the keyboard, and one that begins later appears", async () => {
    const folder = join(root, "chosen");
    mkdirSync(folder);
    const page = await open([folder]);
    await page.locator(".standing", { hasText: "Waiting" }).waitFor();
    for (const name of ["chosen/a", "chosen/b"])
      writeFileSync((await newRun(name)).log, recordedEvents().slice(0, 60).map(lineOf).join(""));
    await page.locator(".compare").waitFor();
    expect(await page.locator(".run h2").allTextContents()).toEqual(["a", "b"]);
    await page.locator(".choice input").first().focus();
    await page.keyboard.press("Space");
    await page.locator(".compare").waitFor({ state: "detached" });
    expect(await page.locator(".run h2").allTextContents()).toEqual(["b"]);
    expect(new URL(page.url()).hash).toBe("#b");
    await page.close();
  });

  test("nothing is asked of any other server, and nothing goes wrong", () => {
    expect([...asked].every((origin) => origin.startsWith("http://127.0.0.1:"))).toBe(true);
    // Chromium's message for a missing server.
    const others = complaints.filter((text) => !text.startsWith("Failed to load resource: "));
    expect(others).toEqual([]);
  });
});

if (chromiumPath === undefined || !built)
  process.stderr.write(
    "no Chromium found (VULTUS_CHROMIUM names one), or the page is not built (npm run build): it is not looked at\n",
  );
