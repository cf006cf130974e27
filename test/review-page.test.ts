/**
 * The review page in a browser: by keyboard and by pointer, with thousands of images, without its server, and for accessibility.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible, expectFits } from "./support/accessible.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import {
  builtPage,
  type MadeUp,
  madeUpReview,
  type ReviewServer,
  serveReview,
} from "./support/review-server.ts";

const built = existsSync(join(builtPage, "review.html"));
/** Milliseconds: a page is slow on a busy machine. */
const PATIENCE = 60_000;

describe.skipIf(chromiumPath === undefined || !built)(
  "in Chromium (skipped if there is none)",
  { timeout: 4 * PATIENCE },
  () => {
    let browser: Browser;
    let server: ReviewServer;
    const origins = new Set<string>();
    const complaints: string[] = [];
    beforeAll(async () => {
      browser = await startChromium();
    });
    afterAll(() => browser?.close());
    afterEach(async () => {
      for (const context of browser.contexts()) await context.close();
      server?.close();
    });

    async function open(
      made: MadeUp,
      hash = "",
      options: Parameters<Browser["newPage"]>[0] = {},
    ): Promise<Page> {
      server = await serveReview(madeUpReview(made));
      const page = await browser.newPage({
        viewport: { width: 1280, height: 800 },
        reducedMotion: "reduce",
        ...options,
      });
      page.setDefaultTimeout(PATIENCE);
      page.on("request", (request) => void origins.add(new URL(request.url()).origin));
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(`${server.address}${hash}`);
      await page.locator(".head").waitFor();
      return page;
    }

    const soon = { timeout: PATIENCE, interval: 50 };
    const text = (page: Page, selector: string) =>
      expect.poll(() => page.locator(selector).textContent(), soon);
    const saved = (page: Page) => text(page, ".saved").toContain("Saved in corrections.csv");
    const spoken = (page: Page) => text(page, "[aria-live=polite]");

    /** Waits until the image at this position of the list is visible. */
    async function shown(page: Page, position: string): Promise<void> {
      await text(page, ".position").toBe(position);
      await page.waitForFunction(
        "document.querySelector('.stage img')?.complete && document.querySelector('.stage img').naturalWidth > 0",
      );
    }

    async function press(page: Page, ...keys: readonly string[]): Promise<void> {
      for (const key of keys) await page.keyboard.press(key);
    }

    /** Waits until the layout of the map is complete. */
    async function settled(page: Page): Promise<void> {
      await page.locator(".map").waitFor();
      await page.locator(".map-progress").waitFor({ state: "detached" });
    }

    const focusedCell = (page: Page): Promise<string | null> =>
      page.evaluate("document.activeElement?.id ?? null");

    test("by keys alone: relabel, keep, leave out, move and undo; what is saved and where one was survive a reload", async () => {
      const page = await open({ count: 40, blindFrom: 36, votes: true });
      await shown(page, "1 of 40");
      expect(await page.locator(".facts").textContent()).toContain("angry");
      expect(await page.locator(".answer").textContent()).toContain("happydiffers from the label");
      expect(await page.locator(".shares").first().textContent()).toContain("happy93\u202f%angry2\u202f%");
      expect(await page.locator(".shares").last().locator("dt").allTextContents()).toEqual([
        "angry",
        "disgust",
        "happy",
      ]);
      await press(page, "6");
      await spoken(page).toBe(
        "angry relabelled to sad; 1 of 40. Next: neutral; the model: disgust, 93\u202f%",
      );
      await shown(page, "2 of 40");
      // Its current label.
      await press(page, "5");
      await shown(page, "3 of 40");
      await press(page, "x");
      await shown(page, "4 of 40");
      await press(page, "Enter");
      await shown(page, "5 of 40");
      await saved(page);
      expect(server.posted).toEqual([
        { images: [0], decision: { kind: "relabel", label: "sad" } },
        { images: [4], decision: { kind: "keep" } },
        { images: [8], decision: { kind: "leave out" } },
        { images: [12], decision: { kind: "keep" } },
      ]);
      await press(page, "ArrowLeft", "ArrowLeft");
      await shown(page, "3 of 40");
      expect(await page.locator(".badge").textContent()).toBe("left out");
      await press(page, "u");
      await shown(page, "4 of 40");
      await spoken(page).toContain("Undone: sad; the model:");
      expect([...server.decisions.keys()]).toEqual([0, 4, 8]);
      expect(await page.locator(".progress").textContent()).toBe("3 of 40 decided");

      await page.locator("select").first().selectOption("angry");
      await shown(page, "2 of 6");
      await page.waitForFunction("location.hash.includes('class=angry')");
      await page.reload();
      await shown(page, "2 of 6");
      expect(await page.locator("select").first().inputValue()).toBe("angry");
      await press(page, "ArrowLeft");
      await shown(page, "1 of 6");
      expect(await page.locator(".label").textContent()).toBe("angry → sad");
      expect(await page.locator(".progress").textContent()).toBe("1 of 6 decided · 3 of 40 in all");

      await press(page, "?");
      await page.locator("dialog[open]").waitFor();
      expect(await page.locator("dialog tr").count()).toBeGreaterThan(8);
      // The page's keys do nothing behind it.
      await press(page, "x", "Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
      expect(server.posted).toHaveLength(4);
    });

    test("no decision on an image that has not been seen, none by a key that is held down, and none when keys are off", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      let release = (): void => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(/images\/8\?side=768/, async (route) => {
        await gate;
        await route.continue();
      });
      await press(page, "x");
      await shown(page, "2 of 20");
      await press(page, "x");
      await text(page, ".position").toBe("3 of 20");
      await press(page, "x");
      await spoken(page).toContain("still being loaded");
      release();
      await shown(page, "3 of 20");
      await page.keyboard.down("x");
      await page.keyboard.down("x");
      await page.keyboard.up("x");
      await shown(page, "4 of 20");
      await saved(page);
      expect(server.posted.map(({ images }) => images)).toEqual([[0], [4], [8]]);

      await press(page, "?");
      await page.getByLabel("Keys work everywhere").uncheck();
      await page.getByRole("button", { name: "Close" }).click();
      await page.locator("h1").click();
      await page.evaluate("document.activeElement.blur()");
      await press(page, "x", "1");
      await page.locator(".stage").focus();
      await press(page, "1");
      await shown(page, "5 of 20");
      await saved(page);
      expect(server.posted).toHaveLength(4);
    });

    test("an image that can be seen can be decided on, also before its load event", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      await page.evaluate(
        "document.addEventListener('load', (event) => event.stopImmediatePropagation(), true)",
      );
      await press(page, "x");
      await shown(page, "2 of 20");
      await press(page, "x");
      await text(page, ".position").toBe("3 of 20");
    });

    test("by pointer: a button decides, and Enter does not press it again for the next image", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      await page.getByRole("button", { name: "sad" }).first().click();
      await shown(page, "2 of 20");
      await press(page, "Enter");
      await shown(page, "3 of 20");
      await saved(page);
      expect(server.posted.map(({ decision }) => decision)).toEqual([
        { kind: "relabel", label: "sad" },
        { kind: "keep" },
      ]);

      // Neighbours open other images, and the arrows lead back.
      const neighbour = page.locator(".neighbour").first();
      const title = await neighbour.getAttribute("title");
      await neighbour.click();
      await expect.poll(() => page.locator(".file").textContent(), soon).toContain(title?.split(",")[0]);
      await page.getByRole("button", { name: "Next image" }).click();
      await page.getByRole("button", { name: "Undo" }).click();
      await shown(page, "2 of 20");
      expect(await page.locator(".state").textContent()).toBe("undecided");
    });

    test("where it looked can be switched on, and stays on", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      expect(server.asked.some((path) => path.endsWith("/heat"))).toBe(false);
      await press(page, "h");
      await page.locator(".heat").waitFor();
      await press(page, "ArrowRight");
      await expect.poll(() => server.asked, soon).toContain("/v1/review/images/4/heat");
      await press(page, "h");
      await page.locator(".heat").waitFor({ state: "detached" });
    });

    test("blind images: no answer, no heat, no neighbours, and the reason", async () => {
      const page = await open({ count: 20, blindFrom: 16 }, "#view=one&image=17&heat=");
      await shown(page, "18 of 20");
      expect(await page.locator(".blind").textContent()).toBe(
        "The model’s answer is hidden: results are measured on test images, and correcting them by the model under test would flatter it.",
      );
      expect(await page.locator(".answer, .neighbours, .heat").count()).toBe(0);
      expect(await page.getByLabel("Where it looked").isDisabled()).toBe(true);
      await page.waitForTimeout(500);
      expect(server.asked.filter((path) => /heat|neighbours/.test(path))).toEqual([]);
      await press(page, "1");
      await saved(page);
      expect(server.posted).toHaveLength(1);
    });

    test("a refused decision is shown as not saved, and can be tried again, undone or discarded", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      server.refuse("corrections.csv cannot be written: the disk is full.");
      await press(page, "2");
      await shown(page, "2 of 20");
      await text(page, ".saved").toBe("1 decision not saved");
      expect(await page.getByRole("alert").textContent()).toContain("the disk is full");
      await press(page, "x");
      await shown(page, "3 of 20");
      await text(page, ".saved").toBe("2 decisions not saved");
      await press(page, "ArrowLeft");
      expect(await page.locator(".state").textContent()).toBe("left outnot saved yet");
      expect(server.decisions.size).toBe(0);
      // Undoing an unsaved decision sends no request.
      await press(page, "u");
      await text(page, ".saved").toBe("1 decision not saved");
      expect(await page.locator(".state").textContent()).toBe("undecided");

      server.refuse(undefined);
      await page.getByRole("button", { name: "Try again" }).click();
      await saved(page);
      expect([...server.decisions]).toEqual([[0, { kind: "relabel", label: "disgust" }]]);
      expect(await page.getByRole("alert").count()).toBe(0);

      server.refuse("not now");
      await shown(page, "2 of 20");
      await press(page, "x");
      await page.getByRole("button", { name: "Discard" }).click();
      await saved(page);
      await press(page, "ArrowLeft");
      await shown(page, "2 of 20");
      expect(await page.locator(".state").textContent()).toBe("undecided");
      await press(page, "u");
      await text(page, "[role=alert]").toContain("Nothing was undone: not now");
      expect(server.decisions.size).toBe(1);
    });

    test("while a decision is on its way it does not count as saved; undo waits for it", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      const release = server.hold();
      await press(page, "x");
      await text(page, ".saved").toBe("Saving …");
      await press(page, "u");
      release();
      await shown(page, "1 of 20");
      await saved(page);
      expect([server.posted.length, server.decisions.size]).toEqual([1, 0]);
      expect(await page.getByRole("button", { name: "Undo" }).isDisabled()).toBe(true);
    });

    test("without its server the page keeps decisions and saves them when it is back; to another data set it saves nothing", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      await page.locator(".neighbour").first().waitFor();
      const { port } = new URL(server.address);
      server.close();
      await press(page, "3");
      await text(page, "[role=alert]").toContain("1 decision is kept here");
      await text(page, ".saved").toBe("1 decision not saved");
      server = await serveReview(madeUpReview({ count: 20 }), { port: Number(port) });
      await saved(page);
      expect([...server.decisions]).toEqual([[0, { kind: "relabel", label: "fear" }]]);
      expect(await page.getByRole("alert").count()).toBe(0);

      server.close();
      await text(page, "[role=alert]").toContain("does not answer");
      server = await serveReview(madeUpReview({ count: 21 }), { port: Number(port) });
      await text(page, "[role=alert]").toContain("Another review is now running at this address");
      await press(page, "x");
      await text(page, ".saved").toContain("not saved");
      expect(server.posted).toEqual([]);
    });

    test("20,000 images in the grid: few elements, the last one in reach, and nothing asked for that was only scrolled past", async () => {
      const page = await open({ count: 20_000 }, "#view=grid");
      await page.locator(".cell img[src]").first().waitFor();
      const nodes = (): Promise<number> => page.evaluate("document.querySelectorAll('.grid *').length");
      expect(await nodes()).toBeLessThan(700);
      const before = server.asked.length;
      const slowest = await page.evaluate<number>(`(async () => {
      let slowest = 0;
      const height = document.documentElement.scrollHeight;
      let last = performance.now();
      for (let i = 1; i <= 60; i++) {
        scrollTo(0, (height * i) / 60);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        slowest = Math.max(slowest, now - last);
        last = now;
      }
      return slowest;
    })()`);
      // A frame takes a few milliseconds on an idle machine.
      expect(slowest).toBeLessThan(2000);
      await page.locator('[aria-posinset="20000"] img[src]').waitFor();
      expect(await nodes()).toBeLessThan(700);
      expect(server.asked.length - before).toBeLessThan(2000);

      await page.locator('[aria-posinset="20000"]').click();
      await press(page, "Home");
      await expect.poll(() => focusedCell(page), soon).toBe("cell-0");
      await press(page, "ArrowRight", "ArrowDown", "ArrowUp", "End");
      await expect.poll(() => focusedCell(page), soon).toBe("cell-19999");
      const inSight = (locator: Locator): Promise<boolean> =>
        locator.evaluate((cell) => {
          const { top, bottom } = cell.getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        });
      expect(await inSight(page.locator("#cell-19999"))).toBe(true);
      await press(page, "x");
      await expect.poll(() => focusedCell(page), soon).toBe("cell-0");
      expect(await inSight(page.locator("#cell-0"))).toBe(true);
    });

    test("one decision on many in the grid is one request and one undo; g shows the focused image large", async () => {
      const page = await open({ count: 300 }, "#view=grid&suspects=");
      await page.locator(".cell").first().click();
      await press(page, "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight");
      expect(await page.locator('[aria-selected="true"]').count()).toBe(3);
      await page
        .locator(".cell")
        .nth(6)
        .click({ modifiers: ["Control"] });
      await text(page, ".grid-head").toContain("4 of 75 selected");
      await page.locator(".cell").nth(6).press("4");
      await saved(page);
      expect(server.posted).toEqual([
        { images: [4, 8, 12, 24], decision: { kind: "relabel", label: "happy" } },
      ]);
      await spoken(page).toContain("4 images relabelled to happy; 4 of 75.");
      expect(await page.locator('[aria-selected="true"]').count()).toBe(0);
      // The next undecided image has the focus.
      await expect.poll(() => focusedCell(page), soon).toBe("cell-28");
      await press(page, "u");
      await expect.poll(() => server.decisions.size, soon).toBe(0);
      await expect.poll(() => focusedCell(page), soon).toBe("cell-4");

      await press(page, "Control+a");
      await text(page, ".grid-head").toContain("75 of 75 selected");
      await press(page, "Escape", "Space");
      await text(page, ".grid-head").toContain("1 of 75 selected");
      await press(page, "g");
      await shown(page, "2 of 75");
      expect(new URL(page.url()).hash).toContain("view=one");
      await page.goBack();
      await page.locator(".grid").waitFor();
      await page.getByRole("button", { name: "Select several" }).click();
      for (const n of [0, 2]) await page.locator(".cell").nth(n).click();
      await text(page, ".grid-head").toContain("2 of 75 selected");
    });

    test("filters: a confused pair with its count, what is undecided, and nothing", async () => {
      const page = await open({ count: 84 });
      await shown(page, "1 of 84");
      const options = await page.getByLabel("Confused pair").locator("option").allTextContents();
      expect(options.slice(0, 2)).toEqual(["all", expect.stringMatching(/^\w+ → \w+ \(\d+\)$/)]);
      const [, pair = "", n] = /^(.+) \((\d+)\)$/.exec(options[1] ?? "") ?? [];
      await page.getByLabel("Confused pair").selectOption(pair.replace(" → ", ">"));
      await text(page, ".progress").toContain(`0 of ${n} decided`);
      await page.getByLabel("State").selectOption("undecided");
      for (let left = Number(n); left > 0; left--) {
        await shown(page, `1 of ${left}`);
        await page.locator(".stage").press("Enter");
      }
      await page.getByText("All of these images are decided.").waitFor();
      await page.getByRole("button", { name: "Show all images" }).click();
      await page.locator(".stage").waitFor();
      await text(page, ".progress").toBe(`${n} of 84 decided`);
    });

    test("images without labels: a digit labels, Enter accepts the answer", async () => {
      const page = await open({ count: 20, task: "unlabelled" });
      await shown(page, "1 of 20");
      expect(await page.locator(".label").textContent()).toBe("none yet");
      await press(page, "Enter");
      await shown(page, "2 of 20");
      await spoken(page).toContain("image labelled happy");
      await press(page, "7");
      await shown(page, "3 of 20");
      await press(page, "x");
      await saved(page);
      expect(server.posted.map(({ decision }) => decision)).toEqual([
        { kind: "relabel", label: "happy" },
        { kind: "relabel", label: "surprise" },
        { kind: "leave out" },
      ]);
      await text(page, ".progress").toBe("2 labelled, 1 left out, of 20");
      await press(page, "g", "Control+a", "Enter");
      await spoken(page).toContain("no single answer");
      expect(server.posted).toHaveLength(3);
    });

    test("the map: a loop hands its images to the grid as a filter that a reload keeps; keys select what is near", async () => {
      const page = await open({ count: 280, blindFrom: 273 }, "#view=map");
      await settled(page);
      const map = page.locator(".map");
      const { x, y, width, height } = (await map.boundingBox()) as NonNullable<
        Awaited<ReturnType<Locator["boundingBox"]>>
      >;
      const drag = async (...places: readonly (readonly [number, number])[]): Promise<void> => {
        for (const [i, [right, down]] of places.entries()) {
          await page.mouse.move(x + right * width, y + down * height, { steps: 4 });
          if (i === 0) await page.mouse.down();
        }
        await page.mouse.up();
      };
      await drag([0.005, 0.005], [0.995, 0.005], [0.995, 0.995], [0.005, 0.995]);
      await text(page, ".map-selected").toContain("280 selected");

      // By keyboard: the images within the radius of the focused image are its group, since groups are far apart.
      await map.focus();
      await press(page, "Escape", "ArrowRight");
      await page.locator(".map-bubble img").waitFor();
      await press(page, "Space");
      await text(page, ".map-selected").toMatch(/^\d\d selected/);
      const near = Number.parseInt((await page.locator(".map-selected").textContent()) ?? "", 10);
      await page.getByRole("button", { name: "Show in the grid" }).click();
      await page.locator(".cell").nth(20).waitFor();
      await text(page, ".grid-head").toContain(`${near} images`);
      const answers = async (): Promise<Set<number | undefined>> => {
        const { images } = madeUpReview({ count: 280, blindFrom: 273 });
        const ids = await page
          .locator(".cell")
          .evaluateAll((cells) => cells.map(({ id }) => Number(id.slice(5))));
        return new Set(ids.map((image) => images[image]?.opinion?.answer ?? images[image]?.label));
      };
      expect((await answers()).size).toBe(1);
      await page.waitForFunction("location.hash.includes('map=')");
      await page.reload();
      await page.getByText(`From the map (${near})`).waitFor();
      await text(page, ".grid-head").toContain(`${near} images`);

      // Filters apply to the map, too.
      await page.getByRole("button", { name: "From the map" }).click();
      await page.getByLabel("Suspects only").check();
      await page.getByRole("link", { name: "Map" }).click();
      await settled(page);
      await drag([0.005, 0.005], [0.995, 0.005], [0.995, 0.995], [0.005, 0.995]);
      await text(page, ".map-selected").toContain("69 selected");
      const pixels = (): Promise<string> =>
        page.evaluate("document.querySelector('.map canvas').toDataURL()");
      const inOtherColours = await pixels();
      await page.getByLabel("Colour").selectOption("error");
      expect(await page.locator(".map-legend").textContent()).toBe("label and answer differ69");
      await expect.poll(pixels, soon).not.toBe(inOtherColours);

      const before = await pixels();
      await page.mouse.move(x + width / 3, y + height / 3);
      await page.mouse.wheel(0, -300);
      await expect.poll(pixels, soon).not.toBe(before);
      await page.getByRole("button", { name: "Whole map" }).click();
      await expect.poll(pixels, soon).toBe(before);
    });

    test("the layout of the map can be cancelled and begun again, and a map needs a model", async () => {
      const page = await open({ count: 3000 }, "#view=map");
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("button", { name: "Lay out the map" }).click();
      await page.locator(".map-progress").waitFor();
      await page.close();
      server.close();
      const without = await open({ count: 20, model: false }, "#view=map");
      await without.getByText("A map needs a model").waitFor();
    });

    test("from right to left the arrows go the other way", async () => {
      const page = await open({ count: 20 });
      await shown(page, "1 of 20");
      await page.evaluate("document.documentElement.dir = 'rtl'");
      await press(page, "ArrowLeft");
      await shown(page, "2 of 20");
      await expectFits(page);
      await press(page, "g");
      await expect.poll(() => focusedCell(page), soon).toBe("cell-4");
      await press(page, "ArrowLeft");
      await expect.poll(() => focusedCell(page), soon).toBe("cell-8");
      await expectFits(page);
    });

    test.each([
      { name: "light", colorScheme: "light", width: 1280, size: "100%" },
      { name: "dark", colorScheme: "dark", width: 1280, size: "100%" },
      { name: "narrow", colorScheme: "light", width: 360, size: "100%" },
      { name: "large text", colorScheme: "light", width: 1280, size: "200%" },
    ] as const)("axe finds nothing, and nothing overflows: $name", async ({ colorScheme, width, size }) => {
      const notes = ["runs/finetune was trained on these images."];
      const page = await open({ count: 60, blindFrom: 50, votes: true, notes }, "", {
        colorScheme,
        viewport: { width, height: 800 },
      });
      await page.evaluate(`document.documentElement.style.fontSize = "${size}"`);
      await shown(page, "1 of 60");
      await page.locator(".neighbour").nth(7).waitFor();
      await press(page, "6", "h");
      server.refuse("No.");
      await shown(page, "2 of 60");
      await press(page, "x");
      await page.getByRole("alert").waitFor();
      await press(page, "ArrowLeft");
      await expectAccessible(page);
      await page.goto(`${server.address}#view=one&image=55`);
      await page.reload();
      await page.locator(".blind").waitFor();
      await expectAccessible(page);
      await press(page, "g");
      await page.locator(".cell").nth(8).waitFor();
      await press(page, "Shift+ArrowLeft");
      await expectAccessible(page);
      await press(page, "?");
      await page.locator("dialog[open]").waitFor();
      await expectAccessible(page);
      await press(page, "Escape");
      await page.getByRole("link", { name: "Map" }).click();
      await settled(page);
      await page.locator(".map").press("ArrowRight");
      await page.locator(".map-bubble").waitFor();
      await expectAccessible(page);
    });

    test("nothing is asked of any other server, and nothing goes wrong", () => {
      expect([...origins].every((origin) => origin.startsWith("http://127.0.0.1:"))).toBe(true);
      // Chromium's messages for missing responses and refusals.
      expect(complaints.filter((complaint) => !complaint.startsWith("Failed to load resource: "))).toEqual(
        [],
      );
    });
  },
);

if (chromiumPath === undefined || !built)
  process.stderr.write(
    "no Chromium found (VULTUS_CHROMIUM names one), or the page is not built (npm run build): it is not looked at\n",
  );
