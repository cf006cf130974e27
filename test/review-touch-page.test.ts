/** The map of the review page on a touch screen. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { builtPage, madeUpReview, type ReviewServer, serveReview } from "./support/review-server.ts";

const built = existsSync(join(builtPage, "review.html"));
const PATIENCE = 60_000;
const soon = { timeout: PATIENCE, interval: 50 };

describe.skipIf(chromiumPath === undefined || !built)(
  "in Chromium (skipped if there is none)",
  { timeout: 2 * PATIENCE },
  () => {
    let browser: Browser;
    let server: ReviewServer;
    beforeAll(async () => {
      browser = await startChromium();
      server = await serveReview(madeUpReview({ count: 60 }));
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    test("two fingers zoom, one draws a loop, and a finger that stays draws none", async () => {
      const page = await browser.newPage({ viewport: { width: 400, height: 900 }, hasTouch: true });
      page.setDefaultTimeout(PATIENCE);
      await page.goto(`${server.address}#view=map`);
      await page.locator(".map").waitFor();
      await page.locator(".map-progress").waitFor({ state: "detached" });
      await page.locator(".map").scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await page.locator(".map").boundingBox()) ?? expect.fail("no map");
      const devtools = await page.context().newCDPSession(page);
      const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...at: readonly [number, number][]) =>
        devtools.send("Input.dispatchTouchEvent", {
          type,
          touchPoints: at.map(([left, top], id) => ({ x: x + left * width, y: y + top * height, id })),
        });
      const isWhole = (): Promise<boolean> => page.getByRole("button", { name: "Whole map" }).isDisabled();
      const selected = (): Promise<string | null> => page.locator(".map-selected b").textContent();

      expect(await isWhole()).toBe(true);
      await touch("touchStart", [0.4, 0.5]);
      await touch("touchStart", [0.4, 0.5], [0.6, 0.5]);
      await touch("touchMove", [0.2, 0.5], [0.8, 0.5]);
      await expect.poll(isWhole, soon).toBe(false);
      await touch("touchMove", [0.4, 0.5], [0.6, 0.5]);
      await expect.poll(isWhole, soon).toBe(true);
      await touch("touchEnd", [0.4, 0.5]);
      await touch("touchMove", [0.9, 0.9]);
      await touch("touchEnd");
      expect(await selected()).toBe("0");

      await touch("touchStart", [0.01, 0.01]);
      for (const [left, top] of [
        [0.99, 0.01],
        [0.99, 0.99],
        [0.01, 0.99],
      ] as const)
        await touch("touchMove", [left, top]);
      await touch("touchEnd");
      await expect.poll(selected, soon).toBe("60");
    });
  },
);
