/**
 * The page's view Teach in a real browser: record, train, measure and export, all without a network, and the exported files in
 * Node.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readStoredZip } from "../src/formats/zip.ts";
import type { Prediction } from "../src/predict/prediction.ts";
import { expectAccessible, expectAccessibleInEveryLook } from "./support/accessible.ts";
import { chromiumPath } from "./support/chromium.ts";
import { cli } from "./support/cli.ts";
import { composite } from "./support/composites.ts";
import { encoded } from "./support/photos.ts";
import {
  addImages,
  begin,
  card,
  countIn,
  openTeachView,
  PATIENCE,
  type TeachView,
  untilRecorded,
  untilShown,
} from "./support/teach-view.ts";

describe.skipIf(chromiumPath === undefined)(
  "in Chromium (skipped if there is none)",
  { timeout: 2 * PATIENCE },
  () => {
    let view: TeachView;
    const at = (...parts: string[]): string => view.at(...parts);

    beforeAll(async () => {
      view = await openTeachView();
      await encoded(composite(300, 300, []))
        .png()
        .toFile(at("images", "empty.png"));
      writeFileSync(at("images", "broken.png"), "no image at all");
    });
    afterAll(() => view?.close());

    /** Waits until the service worker has cached a file. */
    async function untilKept(page: Page, file: RegExp): Promise<void> {
      const kept =
        "caches.keys().then(async ([name]) => name ? (await (await caches.open(name)).keys()).map(({ url }) => url).join() : '')";
      await expect.poll(() => page.evaluate(kept), { timeout: PATIENCE }).toMatch(file);
    }

    /** Holds a key while the camera shows the face of the class, until it has this many examples. */
    async function record(page: Page, index: number, wanted: number): Promise<void> {
      await card(page, index).locator(".hold").focus();
      const key = ["1", "2"][index] as string;
      while ((await countIn(page, index)) < wanted) {
        await untilShown(page, index === 0 ? "first" : "second");
        await page.keyboard.down(key);
        await page.waitForTimeout(3200);
        await page.keyboard.up(key);
      }
    }

    const images = (...names: readonly string[]): string[] => names.map((name) => at("images", name));

    async function downloaded(page: Page, button: string, file: string): Promise<string> {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: button }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(file);
      await download.saveAs(at(file));
      return at(file);
    }

    describe("two classes, without a network from the first visit on", () => {
      let context: BrowserContext;
      let page: Page;
      const tried: string[] = [];
      let asked = 0;
      beforeAll(async () => {
        context = await view.newContext();
        page = await view.open(context);
      });
      afterAll(() => context?.close());

      test("is kept for later visits, before it is opened", async () => {
        for (const file of [
          /models\.json/,
          /vultus_s\.onnx/,
          /eyes\.onnx/,
          /\.wasm/,
          /train\.web/,
          /cut-/,
          /training-worker/,
        ])
          await untilKept(page, file);
        context.on("requestfailed", (request) => tried.push(request.url()));
        await context.setOffline(true);
        asked = view.server.asked.length;
        // The service worker responds from here on.
        await page.reload();
        await page.locator(".model-chip").first().waitFor();
      });

      test("begins with two classes, and lists what is missing", async () => {
        await expectAccessible(page);
        await begin(page);
        await expectAccessible(page);
        expect(await page.getByRole("button", { name: "Train", exact: true }).isDisabled()).toBe(true);
        expect(await page.locator("#teach-missing").textContent()).toContain("“Class 1” and “Class 2”");
        const name = card(page, 0).getByLabel("Name of the class");
        await name.fill("class 2");
        await name.press("Enter");
        expect(await card(page, 0).getByRole("alert").textContent()).toContain("“Class 2” already");
        await name.fill("wow");
        await name.press("Enter");
        await card(page, 1).getByLabel("Name of the class").fill("oh");
        await page.getByLabel("Name of another class").fill("third");
        await page.locator(".project-name").fill("My looks");
        // A click by script leaves the focus in the field: the page re-renders while the name is being typed.
        await page.getByRole("button", { name: "Add a class" }).dispatchEvent("click");
        await page.locator(".class-card").nth(2).waitFor();
        await page.locator(".project-name").press("Enter");
        expect(await page.locator(".project-name").inputValue()).toBe("My looks");
        await page.getByRole("button", { name: "Delete the class oh" }).click();
        await page.getByRole("button", { name: "Undo" }).click();
        // In its position: the keys that record and the columns of the predictions depend on it.
        await page.locator(".class-card:nth-of-type(2)[aria-label=oh]").waitFor();
        await page.getByRole("button", { name: "Delete the class third" }).click();
      });

      test("records while a key is held, and says at once when nobody is in view", async () => {
        await page.getByRole("button", { name: "Start the camera" }).focus();
        await page.keyboard.press("Enter");
        await page.locator(".overlay .box").first().waitFor();
        await record(page, 0, 16);
        await record(page, 1, 16);
        await page.locator(".project-bar").click();
        await untilShown(page, "nobody");
        await card(page, 0).locator(".hold").hover();
        await page.mouse.down();
        await page.getByText("No face in view: nothing is recorded.").waitFor();
        const before = await countIn(page, 0);
        await page.waitForTimeout(300);
        expect(await countIn(page, 0)).toBe(before);
        await page.mouse.up();
        await expectAccessible(page);
      });

      test("records hands-free after a countdown", async () => {
        const before = await countIn(page, 0);
        await page.getByRole("button", { name: "Record wow hands-free" }).click();
        await page.locator(".countdown").waitFor();
        await page.locator(".recording-mark").waitFor();
        await expect.poll(() => countIn(page, 0), { timeout: PATIENCE }).toBeGreaterThan(before);
        await page.getByRole("button", { name: "Stop", exact: true }).click();
        await untilRecorded(page, 0, before);
        await page.getByRole("button", { name: "Undo" }).click();
        await expect.poll(() => countIn(page, 0)).toBe(before);
        await page.getByRole("button", { name: "Stop the camera" }).click();
      });

      test("adds images, and reports those without a face and those that are none", async () => {
        await addImages(page, 0, ...images("first0.png", "empty.png", "broken.png"));
        const report = page.locator(".files-report");
        expect(await report.textContent()).toContain("1 image added.");
        expect(await report.textContent()).toContain("No face was found in empty.png");
        expect(await report.textContent()).toContain("broken.png");
        await page.getByRole("button", { name: "Use the whole image as faces" }).click();
        await report.getByText("1 image added.").waitFor();
        const before = await countIn(page, 0);
        await card(page, 0).locator(".thumbnail").first().click();
        await page.getByRole("button", { name: "Delete", exact: true }).first().click();
        await expect.poll(() => countIn(page, 0)).toBe(before - 1);
        await card(page, 0).locator(".thumbnail").first().click();
        await card(page, 0).getByLabel("Move to another class").selectOption({ label: "oh" });
        await expect.poll(() => countIn(page, 0)).toBe(before - 2);
        await page.getByRole("button", { name: "Undo" }).click();
        await expect.poll(() => countIn(page, 0)).toBe(before - 1);
      });

      test("trains, pauses, and goes on after a reload", async () => {
        await page.getByRole("button", { name: "Train", exact: true }).click();
        await page.locator(".curve circle").first().waitFor();
        await page.getByRole("button", { name: "Pause" }).click();
        await expectAccessible(page);
        await page.reload();
        await page.getByText(/A training stopped after step \d+ of \d+/).waitFor();
        await expectAccessible(page);
        await page.getByRole("button", { name: "Continue" }).click();
        await page.locator(".teach-measure").waitFor();
      });

      test("is measured on what was kept apart, and compared with the head alone", async () => {
        const measure = page.locator(".measure");
        expect(await measure.locator(".accuracy").textContent()).toMatch(
          /\d+ of \d+ held-out examples right, 95\s% interval/,
        );
        await measure.getByRole("button", { name: "What if only the head?" }).click();
        await measure.locator(".accuracy").nth(1).waitFor();
        expect(await page.locator(".legend").textContent()).toContain("The head only");
      });

      test("axe finds nothing in any look, and everything fits", async () => {
        await page.locator(".projects summary").click();
        await expectAccessibleInEveryLook(page);
        await page.locator(".projects summary").click();
      });

      test("the model and the examples are taken along: vultus predict answers as the page measured", async () => {
        const model = await downloaded(page, "Download the model", "My_looks.onnx");
        const archive = await downloaded(page, "Download the examples", "My_looks.zip");
        const entries = [...readStoredZip(readFileSync(archive), archive)];
        expect(new Set(entries.map(([name]) => name.split("/")[0]))).toEqual(new Set(["wow", "oh"]));
        const recorded = entries.filter(([name]) => name.includes("recording"));
        const files = recorded.map(([name, bytes]) => {
          const path = at(name.replace("/", "-"));
          writeFileSync(path, bytes);
          return path;
        });
        const args = [...cli, "predict", ...files, "--model", model, "--no-detect", "--json"];
        const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
        expect(status, stderr).toBe(0);
        const answers = JSON.parse(stdout) as Prediction[];
        const right = answers.filter(({ faces }, i) => recorded[i]?.[0].startsWith(`${faces[0]?.label}/`));
        expect(answers[0] && Object.keys(answers[0].faces[0]?.probabilities ?? {})).toEqual(["wow", "oh"]);
        expect(right.length / answers.length).toBeGreaterThan(0.9);
      });

      test("is tried on the camera beside the model that ships", async () => {
        await page.getByRole("button", { name: "Try it on the camera" }).click();
        await page.locator(".model-chip", { hasText: "My_looks" }).waitFor();
        await page.getByRole("button", { name: "Start the camera" }).click();
        await page.locator(".live-faces .bars").nth(1).waitFor();
        expect(await page.locator(".live-faces .bars").nth(1).locator("dt").allTextContents()).toEqual([
          "wow",
          "oh",
        ]);
      });

      test("nothing was asked of a network", () => {
        // A browser checks by itself for a new service worker.
        expect(view.server.asked.slice(asked).filter((path) => path !== "/sw.js")).toEqual([]);
        expect(
          tried.filter((address) => new URL(address).origin !== new URL(view.server.address).origin),
        ).toEqual([]);
      });
    });

    test("another tab waits for a project, and has it once the first is closed", async () => {
      const context = await view.newContext();
      const [first, second] = [await view.open(context), await view.open(context)];
      await begin(first);
      await second.reload();
      await second.getByText("This project is open in another tab.").waitFor();
      await expectAccessible(second);
      await first.close();
      await second.locator(".class-card").first().waitFor();
      // After deletion, nothing of it is left.
      await second.locator(".projects summary").click();
      await second.getByRole("button", { name: "Delete Project 1" }).click();
      await second.getByRole("button", { name: "Delete Project 1 for good" }).click();
      await second.getByRole("button", { name: "Start with two classes" }).waitFor();
      await context.close();
    });

    test("if the storage is full, the page reports it, and what is there stays", async () => {
      // A browser enforces a quota only on what it writes to disk.
      const context = await chromium.launchPersistentContext(at("profile"), {
        executablePath: chromiumPath as string,
        args: ["--no-sandbox"],
      });
      context.setDefaultTimeout(PATIENCE);
      // It also caches the last known quota for a while: the database is opened after setting it.
      const page = await context.newPage();
      await page.goto(view.server.address);
      await page.locator(".model-chip").first().waitFor();
      await untilKept(page, /models\.json/);
      const usage = await page.evaluate<number>("navigator.storage.estimate().then(({ usage }) => usage)");
      const session = await context.newCDPSession(page);
      const { origin } = new URL(view.server.address);
      await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage + 15_000 });
      await page.getByRole("link", { name: "Teach" }).click();
      await begin(page);
      const names = Array.from({ length: 6 }, (_, i) => `first${i}.png`);
      await addImages(page, 0, ...images(...names));
      await page.getByRole("alert").getByText("The browser's storage is full.").waitFor();
      const kept = await countIn(page, 0);
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThan(names.length);
      await expectAccessibleInEveryLook(page);
      await page.reload();
      await expect.poll(() => countIn(page, 0), { timeout: PATIENCE }).toBe(kept);
      await context.close();
    });

    test("a camera that was refused is said to be, and images can be added still", async () => {
      const context = await view.newContext({ permissions: [] });
      const page = await view.open(context);
      await begin(page);
      await page.getByRole("button", { name: "Start the camera" }).click();
      expect(await page.getByRole("alert").textContent()).toContain("Access to the camera was denied");
      await expectAccessibleInEveryLook(page);
      await addImages(page, 1, ...images("second0.png"));
      expect(await countIn(page, 1)).toBe(1);
      await context.close();
    });

    test("a folder per class makes the classes", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await begin(page);
      mkdirSync(at("faces", "happy"), { recursive: true });
      cpSync(at("images", "first1.png"), at("faces", "happy", "1.png"));
      await page.locator(".add-folder input").setInputFiles(at("faces"));
      await page.locator(".class-card").nth(2).waitFor();
      expect(await card(page, 2).getByLabel("Name of the class").inputValue()).toBe("happy");
      await expect.poll(() => countIn(page, 2), { timeout: PATIENCE }).toBe(1);
      await context.close();
    });

    test("nothing was complained of in all that time", () => {
      expect(view.complaints).toEqual([]);
    });
  },
);
