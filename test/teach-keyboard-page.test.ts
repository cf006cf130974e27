/**
 * The page's view Teach by keyboard alone, from the first Tab to the deleted project, and what screen readers announce along the
 * way.
 */

import { statSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./support/accessible.ts";
import { chromiumPath } from "./support/chromium.ts";
import { smallArchitecture, writeSmallBundle } from "./support/small-classifier.ts";
import { countIn, openTeachView, PATIENCE, type TeachView, untilShown } from "./support/teach-view.ts";

/** Records each element that lost the focus to the body for a fifth of a second. */
const watchFocus = `
  globalThis.losses = [];
  let last = "";
  let samples = 0;
  document.addEventListener("focusin", ({ target }) => (last = target.outerHTML.slice(0, 120)));
  setInterval(() => {
    samples = last !== "" && document.activeElement === document.body ? samples + 1 : 0;
    if (samples === 4) globalThis.losses.push(last);
  }, 50);
`;

/** Whether the focused element has an outline, and its centre is in view and uncovered. */
const isSeen = `(() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const { x, y, width, height } = at.getBoundingClientRect();
  const top = document.elementFromPoint(x + width / 2, y + height / 2);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && (at.contains(top) || top?.contains(at));
})()`;

/** Records the value of the focused field as soon as the page has handled the next key. */
const noteValueAfterKey = `void (globalThis.valueAfterKey = new Promise((resolve) =>
  document.activeElement.addEventListener("keydown", ({ target }) => setTimeout(() => resolve(target.value)), {
    once: true,
  }),
))`;

describe.skipIf(chromiumPath === undefined)(
  "in Chromium (skipped if there is none)",
  { timeout: 2 * PATIENCE },
  () => {
    let view: TeachView;
    beforeAll(async () => {
      view = await openTeachView();
      writeSmallBundle(view.at("own.onnx"), smallArchitecture("calm", "wow"));
    });
    afterAll(() => view?.close());

    /** Role and accessible name of the focused element, as a screen reader announces them. */
    async function focused(page: Page): Promise<string> {
      const at = page.locator(":focus");
      if ((await at.count()) === 0) return "nothing";
      const [first = ""] = (await at.ariaSnapshot()).split("\n");
      return first.replace(/^- /, "").replace(/:$/, "");
    }

    const untilFocused = (page: Page, what: string | RegExp) =>
      expect.poll(() => focused(page), { timeout: PATIENCE }).toMatch(what);

    /** Moves the focus until it is on `what`. @returns the elements passed. */
    async function tabTo(page: Page, what: string | RegExp, key = "Tab"): Promise<string[]> {
      const passed: string[] = [];
      for (;;) {
        await page.keyboard.press(key);
        const now = await focused(page);
        expect(await page.evaluate(isSeen), now).toBe(true);
        if (typeof what === "string" ? now.startsWith(what) : what.test(now)) return passed;
        passed.push(now);
        expect(passed.length, passed.join("\n")).toBeLessThan(60);
      }
    }

    async function rename(page: Page, field: string, name: string): Promise<void> {
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.type(name);
      await page.evaluate(noteValueAfterKey);
      await page.keyboard.press("Enter");
      // The former name is not shown again until the new one is stored.
      expect(await page.evaluate("valueAfterKey")).toBe(name);
      expect(await focused(page)).toBe(`textbox "${field}": ${name}`);
    }

    /** Texts of the live regions. */
    const announced = (page: Page, role: "status" | "alert"): Promise<string[]> =>
      page.getByRole(role).allTextContents();

    async function untilAnnounced(page: Page, role: "status" | "alert", text: RegExp): Promise<void> {
      await expect
        .poll(async () => (await announced(page, role)).join("\n"), { timeout: PATIENCE })
        .toMatch(text);
    }

    /** Holds a key until a class has this many examples. */
    async function record(page: Page, index: number, key: string, wanted: number): Promise<void> {
      while ((await countIn(page, index)) < wanted) {
        await untilShown(page, index === 0 ? "first" : "second");
        await page.keyboard.down(key);
        await page.waitForTimeout(3200);
        await page.keyboard.up(key);
      }
    }

    async function downloaded(page: Page, file: string): Promise<void> {
      const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
      expect(download.suggestedFilename()).toBe(file);
      await download.saveAs(view.at(file));
      expect(statSync(view.at(file)).size).toBeGreaterThan(1000);
    }

    test("teaches two classes by keyboard alone, and never loses the focus", async () => {
      const context = await view.newContext();
      const page = await context.newPage();
      await page.addInitScript(watchFocus);
      page.on("filechooser", (chooser) => void chooser.setFiles(view.at("own.onnx")));
      await page.goto(view.server.address);
      await page.locator(".model-chip").first().waitFor();

      await tabTo(page, 'link "Teach"');
      await page.keyboard.press("Enter");
      await page.locator(".teach-start").waitFor();
      await tabTo(page, 'button "Start with two classes of your own"');
      await page.keyboard.press("Enter");
      await page.locator(".class-card").nth(1).waitFor();
      expect(await focused(page)).toBe('region "Teach"');

      // The order follows the workflow: the project, the camera, the classes.
      expect(await tabTo(page, 'button "Choose a folder"')).toEqual([
        'textbox "Name of the project": Project 1',
        "text: Projects",
        'button "Start the camera"',
        'textbox "Name of the class": Class 1',
        'button "Delete the class Class 1": ×',
        'button "Add images of Class 1": Add images',
        'textbox "Name of the class": Class 2',
        'button "Delete the class Class 2": ×',
        'button "Add images of Class 2": Add images',
        'textbox "Name of another class"',
        'button "Add a class"',
      ]);

      await tabTo(page, 'textbox "Name of the class": Class 2', "Shift+Tab");
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.type("class 1");
      await page.keyboard.press("Enter");
      await untilAnnounced(page, "alert", /“Class 1” already/);
      await rename(page, "Name of the class", "oh");
      expect(await announced(page, "alert")).toEqual([]);
      await tabTo(page, 'textbox "Name of the class": Class 1', "Shift+Tab");
      await page.keyboard.type("discarded");
      await page.keyboard.press("Escape");
      expect(await focused(page)).toBe('textbox "Name of the class": Class 1');
      await rename(page, "Name of the class", "wow");
      await tabTo(page, 'textbox "Name of the project"', "Shift+Tab");
      await rename(page, "Name of the project", "My looks");

      await tabTo(page, 'button "Start the camera"');
      await page.keyboard.press("Enter");
      await untilFocused(page, 'button "Stop the camera"');
      await tabTo(page, 'button "Hold to record wow"');
      await untilAnnounced(page, "status", /A face is in view/);
      await record(page, 0, "Space", 8);
      expect(await focused(page)).toBe('button "Hold to record wow"');
      await untilAnnounced(page, "status", /Recorded \d+ examples? of “wow”/);
      await tabTo(page, 'button "Hold to record oh"');
      await record(page, 1, "2", 8);
      await untilShown(page, "nobody");
      await page.keyboard.down("Enter");
      await untilAnnounced(page, "alert", /No face in view: nothing is recorded/);
      expect(await focused(page)).toBe('button "Recording … oh"');
      await page.keyboard.up("Enter");
      await tabTo(page, 'button "Record oh hands-free for 5 seconds"');
      await page.keyboard.press("Enter");
      await untilFocused(page, 'button "Stop recording oh"');
      await page.keyboard.press("Escape");
      expect(await focused(page)).toMatch('button "Record oh hands-free for 5 seconds"');
      await tabTo(page, 'button "Stop the camera"', "Shift+Tab");
      await page.keyboard.press("Enter");
      await untilFocused(page, 'button "Start the camera"');

      const before = await countIn(page, 0);
      await tabTo(page, 'button "wow, example');
      await page.keyboard.press("Space");
      await tabTo(page, 'button "Choose all"');
      await page.keyboard.press("Enter");
      await untilFocused(page, 'group "What is chosen"');
      await tabTo(page, 'button "Delete"');
      await page.keyboard.press("Enter");
      await untilAnnounced(page, "status", new RegExp(`Deleted ${before} example`));
      await untilFocused(page, 'region "wow"');
      await tabTo(page, 'button "Undo"', "Shift+Tab");
      await page.keyboard.press("Enter");
      await expect.poll(() => countIn(page, 0), { timeout: PATIENCE }).toBe(before);

      await tabTo(page, 'button "Compare with your own model"', "Shift+Tab");
      await page.keyboard.press("Enter");
      await page.locator(".model-chip").nth(1).waitFor();
      await tabTo(page, 'combobox "from"');
      await page.keyboard.press("ArrowDown");
      await page.getByText("It knows “wow”").waitFor();
      await tabTo(page, 'button "Train"', "Shift+Tab");
      await page.keyboard.press("Enter");
      await untilFocused(page, 'region "2 Train"');
      await untilAnnounced(page, "status", /^Training all layers$/m);
      await tabTo(page, 'button "Pause"');
      await page.keyboard.press("Space");
      await untilAnnounced(page, "status", /^Paused$/m);
      expect(await focused(page)).toBe('button "Continue"');
      await expectAccessible(page);
      await page.keyboard.press("Space");
      await untilAnnounced(page, "status", /^Training all layers$/m);
      await untilAnnounced(page, "status", /^The training has ended: \d+ of \d+ held-out examples right\.$/m);
      await untilFocused(page, 'region "2 Train"');

      await tabTo(page, 'button "What if only the head?"');
      await page.keyboard.press("Enter");
      await untilFocused(page, 'region "3 Measure"');
      await untilAnnounced(page, "status", /^The training has ended/m);
      await tabTo(page, 'group "Confusion of the taught model"');
      await tabTo(page, 'button "Download the model');
      await downloaded(page, "My_looks.onnx");
      await tabTo(page, 'button "Download the examples');
      await downloaded(page, "My_looks.zip");

      await tabTo(page, 'button "Try it on the camera"', "Shift+Tab");
      await page.keyboard.press("Enter");
      await untilFocused(page, "main");
      await tabTo(page, 'button "Start the camera"');
      await page.keyboard.press("Enter");
      await untilFocused(page, 'button "Pause"');
      await page.locator(".live-faces .bars").nth(1).waitFor();
      await expect
        .poll(() => page.locator("[aria-live=polite]").allTextContents(), { timeout: PATIENCE })
        .not.toEqual([""]);
      await tabTo(page, 'link "Teach"', "Shift+Tab");
      await page.keyboard.press("Enter");
      await page.locator(".project-bar").waitFor();

      await tabTo(page, /Projects/);
      await page.keyboard.press("Enter");
      await tabTo(page, 'button "Delete My looks"');
      await page.keyboard.press("Escape");
      expect(await focused(page)).toMatch(/Projects/);
      expect(await page.locator(".projects").getAttribute("open")).toBeNull();
      await page.keyboard.press("Enter");
      await page.locator(".projects[open]").waitFor();
      await tabTo(page, 'textbox "Name of the project"', "Shift+Tab");
      expect(await page.locator(".projects").getAttribute("open")).toBeNull();
      await tabTo(page, /Projects/);
      await page.keyboard.press("Enter");
      await tabTo(page, 'button "New project"');
      await page.keyboard.press("Enter");
      await untilFocused(page, 'region "Teach"');
      await tabTo(page, /Projects/);
      await page.keyboard.press("Enter");
      for (const name of ["My looks", "Project 1"]) {
        await tabTo(page, `button "Delete ${name}"`);
        await page.keyboard.press("Enter");
        expect(await focused(page)).toMatch(`button "Delete ${name} for good"`);
        await page.keyboard.press("Enter");
        await untilFocused(page, name === "My looks" ? 'list "Kept projects"' : 'region "Teach"');
      }
      await tabTo(page, 'button "Start with two classes of your own"');

      expect(await page.evaluate("losses")).toEqual([]);
      await context.close();
    });
  },
);
