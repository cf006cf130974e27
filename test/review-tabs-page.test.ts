/** The review page in a browser with several tabs: other tabs, and other servers at its address. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { builtPage, madeUpReview, type ReviewServer, serveReview } from "./support/review-server.ts";

const built = existsSync(join(builtPage, "review.html"));
const PATIENCE = 60_000;

describe.skipIf(chromiumPath === undefined || !built)(
  "in Chromium (skipped if there is none)",
  { timeout: 2 * PATIENCE },
  () => {
    let browser: Browser;
    let server: ReviewServer;
    beforeAll(async () => {
      browser = await startChromium();
    });
    afterAll(() => browser?.close());
    afterEach(async () => {
      for (const context of browser.contexts()) await context.close();
      server?.close();
    });

    const soon = { timeout: PATIENCE, interval: 50 };
    const text = (page: Page, selector: string) =>
      expect.poll(() => page.locator(selector).textContent(), soon);

    async function open(): Promise<Page> {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.setDefaultTimeout(PATIENCE);
      await page.goto(server.address);
      await text(page, ".position").toContain(" of ");
      return page;
    }

    test("a page shows what another tab has decided, and takes it back too", async () => {
      server = await serveReview(madeUpReview({ count: 20 }));
      const [first, second] = [await open(), await open()];
      await first.getByRole("button", { name: "Leave out" }).click();
      await text(first, ".progress").toContain("1 of 20 decided");
      await text(second, ".progress").toContain("1 of 20 decided");
      await text(second, ".state").toContain("left out");
      await second.getByRole("button", { name: "Undo" }).click();
      await text(first, ".progress").toContain("0 of 20 decided");
      expect(server.decisions.size).toBe(0);
    });

    test("a page never writes into the review of another server at its address", async () => {
      server = await serveReview(madeUpReview({ count: 20 }));
      const page = await open();
      const port = Number(new URL(server.address).port);
      server.close();
      // The same number of images, with the same names and classes.
      const other = { ...madeUpReview({ count: 20 }), id: "of other photos", file: "other.csv" };
      server = await serveReview(other, { port });
      await page.getByRole("button", { name: "Leave out" }).click();
      await text(page, "[role=alert]").toContain("Another review is now running at this address");
      await text(page, "[role=alert]").toContain("1 decision could not be saved");
      expect(server.posted).toEqual([]);
      await page.getByRole("button", { name: "Reload the page" }).click();
      await text(page, ".saved").toContain("other.csv");
    });
  },
);
