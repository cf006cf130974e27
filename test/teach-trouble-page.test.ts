/** The page's view Teach when something goes wrong: a lost camera, models among the images, a training that fails. */

import { readFileSync, writeFileSync } from "node:fs";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible, expectAccessibleInEveryLook } from "./support/accessible.ts";
import { chromiumPath } from "./support/chromium.ts";
import { writeEnsembleFile } from "./support/ensemble.ts";
import { smallArchitecture, writeSmallBundle } from "./support/small-classifier.ts";
import {
  addImages,
  begin,
  card,
  countIn,
  openTeachView,
  PATIENCE,
  type TeachView,
  untilRecorded,
} from "./support/teach-view.ts";

describe.skipIf(chromiumPath === undefined)(
  "in Chromium (skipped if there is none)",
  { timeout: 2 * PATIENCE },
  () => {
    let view: TeachView;

    beforeAll(async () => {
      view = await openTeachView();
      writeSmallBundle(view.at("own.onnx"), smallArchitecture("calm", "Class 1"));
      await writeEnsembleFile(view.at("ensemble.onnx"));
    });
    afterAll(() => view?.close());

    /** A project whose two classes have six examples each. */
    async function openTaught(page: Page): Promise<void> {
      await begin(page);
      for (const [index, name] of ["first", "second"].entries())
        await addImages(
          page,
          index,
          ...Array.from({ length: 6 }, (_, i) => view.at("images", `${name}${i}.png`)),
        );
    }

    /** A page that is recording its first class: its key is held, and at least three examples are there. */
    async function recording(): Promise<{ context: BrowserContext; page: Page }> {
      const context = await view.newContext();
      const page = await view.open(context);
      await begin(page);
      await page.getByRole("button", { name: "Start the camera" }).click();
      await page.locator(".overlay .box").first().waitFor();
      await card(page, 0).locator(".hold").focus();
      await page.keyboard.down("1");
      await expect.poll(() => countIn(page, 0), { timeout: PATIENCE }).toBeGreaterThan(2);
      return { context, page };
    }

    const train = (page: Page) => page.getByRole("button", { name: /^Train( again)?$/ });

    /** Drops files on the body of the page. */
    async function drop(page: Page, ...paths: string[]): Promise<void> {
      const files = paths.map((path) => [path.split("/").at(-1), readFileSync(path).toString("base64")]);
      await page.evaluate(`(() => {
        const dataTransfer = new DataTransfer();
        for (const [name, bytes] of ${JSON.stringify(files)})
          dataTransfer.items.add(
            new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, {
              type: name.endsWith(".png") ? "image/png" : "",
            }),
          );
        document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
      })()`);
    }

    /** Simulates an unplugged camera. */
    const unplug = `(() => {
      const [track] = document.querySelector(".teach video").srcObject.getVideoTracks();
      track.stop();
      track.dispatchEvent(new Event("ended"));
    })()`;

    /** Simulates another program taking the camera, or its shutter closing or opening. */
    const mute = (muted: boolean): string => `(() => {
      const [track] = document.querySelector("video").srcObject.getVideoTracks();
      Object.defineProperty(track, "muted", { configurable: true, value: ${muted} });
      track.dispatchEvent(new Event("${muted ? "mute" : "unmute"}"));
    })()`;

    test("a camera that is taken away ends the recording; its examples stay, and another camera goes on", async () => {
      const { context, page } = await recording();
      await page.evaluate(unplug);
      await page.getByRole("alert").getByText("The camera was disconnected.").waitFor();
      await expect.poll(() => page.locator(".class-card.recording").count()).toBe(0);
      await untilRecorded(page, 0);
      const kept = await countIn(page, 0);
      expect(await page.locator(".undo").textContent()).toContain(`Recorded ${kept} examples of “Class 1”`);
      await expectAccessible(page);
      // The pressed button cannot record any more: the focus moves to the one that starts a camera.
      await expect
        .poll(() => page.evaluate("document.activeElement.textContent"), { timeout: PATIENCE })
        .toBe("Try again");
      await page.keyboard.up("1");
      await page.keyboard.press("Enter");
      await page.locator(".overlay .box").first().waitFor();
      expect(await countIn(page, 0)).toBe(kept);
      await page.getByRole("button", { name: "Record Class 2 hands-free" }).click();
      await expect.poll(() => countIn(page, 1), { timeout: PATIENCE }).toBeGreaterThan(0);
      await page.evaluate(unplug);
      await page.getByRole("alert").getByText("The camera was disconnected.").waitFor();
      await untilRecorded(page, 1);
      expect(await page.locator(".undo").textContent()).toContain("of “Class 2”");
      await context.close();
    });

    test("a camera that is muted adds nothing to the recording, which goes on once images arrive", async () => {
      const { context, page } = await recording();
      await page.evaluate(mute(true));
      const alert = page.getByRole("alert").getByText("The camera sends no images.");
      expect(await alert.textContent()).toContain("Nothing is recorded.");
      expect(await page.locator(".teach .overlay .box").count()).toBe(0);
      // A frame from before may still be kept.
      await page.waitForTimeout(300);
      const before = await countIn(page, 0);
      await page.waitForTimeout(1000);
      expect(await countIn(page, 0)).toBe(before);
      await expectAccessibleInEveryLook(page);
      await page.evaluate(mute(false));
      await expect.poll(() => alert.count()).toBe(0);
      await expect.poll(() => countIn(page, 0), { timeout: PATIENCE }).toBeGreaterThan(before);
      await page.keyboard.up("1");
      await untilRecorded(page, 0);
      // Hands-free recording waits, too.
      await page.getByRole("button", { name: "Record Class 2 hands-free" }).click();
      await page.locator(".countdown").waitFor();
      await page.evaluate(mute(true));
      const seconds = await page.locator(".countdown b").textContent();
      await page.waitForTimeout(2500);
      expect(await page.locator(".countdown b").textContent()).toBe(seconds);
      await page.evaluate(mute(false));
      await expect.poll(() => countIn(page, 1), { timeout: PATIENCE }).toBeGreaterThan(0);
      await context.close();
    });

    test("a camera that is muted from the start is reported, and recognised once images arrive", async () => {
      const context = await view.newContext();
      // A canvas without new drawings sends no image, like a camera with a closed cover.
      await context.addInitScript(`{
        const camera = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          const [open] = (await camera(wanted)).getVideoTracks();
          const closed = document.createElement("canvas").captureStream(0);
          const [track] = closed.getVideoTracks();
          Object.defineProperty(track, "muted", { configurable: true, value: true });
          window.openCover = () => {
            closed.addTrack(open);
            closed.removeTrack(track);
            Object.defineProperty(track, "muted", { value: false });
            track.dispatchEvent(new Event("unmute"));
          };
          return closed;
        };
      }`);
      const page = await view.open(context);
      await begin(page);
      await page.getByRole("button", { name: "Start the camera" }).click();
      const alert = page.getByRole("alert").getByText("The camera sends no images.");
      await alert.waitFor();
      await page.evaluate("openCover()");
      await expect.poll(() => alert.count()).toBe(0);
      await page.locator(".overlay .box").first().waitFor();
      await context.close();
    });

    test("a camera that is muted is reported in the trial, which goes on once images arrive", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await page.getByRole("link", { name: "Camera" }).click();
      await page.getByRole("button", { name: "Start the camera" }).click();
      await page.locator(".live-faces .bars").first().waitFor();
      await page.evaluate(mute(true));
      const alert = page.getByRole("alert").getByText("The camera sends no images.");
      await alert.waitFor();
      expect(await page.locator(".overlay .box, .live-faces .bars").count()).toBe(0);
      expect(await page.getByText("No face in the image.").count()).toBe(0);
      await expectAccessible(page);
      await page.evaluate(mute(false));
      await page.locator(".live-faces .bars").first().waitFor();
      expect(await alert.count()).toBe(0);
      await context.close();
    });

    test("a model of other classes that is dropped among images is no example, and can be a start", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await openTaught(page);
      await drop(page, view.at("own.onnx"), view.at("images", "first0.png"));
      const report = page.locator(".files-report", { hasText: "own.onnx" });
      await report.getByText("own.onnx is a model, not an image. It distinguishes calm, Class 1.").waitFor();
      await page.getByText("1 image belongs to no class").waitFor();
      await expectAccessible(page);
      await page.getByText("It knows none of these classes").waitFor();
      await page.getByLabel("from").selectOption({ label: "own" });
      await page.getByText("It knows “Class 1”").waitFor();
      await train(page).click();
      await page.getByText("The head keeps Class 1; starts fresh for Class 2.").waitFor();
      await page.locator(".teach-measure").waitFor();
      expect([await countIn(page, 0), await countIn(page, 1)]).toEqual([6, 6]);
      await context.close();
    });

    test("what cannot be a start is refused with the way on, and nothing is lost", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await openTaught(page);
      await train(page).click();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.locator(".facts").waitFor();
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await page.getByText(/A training stopped after step \d+/).waitFor();
      await drop(page, view.at("ensemble.onnx"));
      await page.getByLabel("from").selectOption({ label: "ensemble" });
      await train(page).click();
      const failed = page.locator(".failed");
      await failed.waitFor();
      expect(await failed.textContent()).toContain("is an ensemble of");
      expect(await failed.textContent()).toContain("Your examples and the models trained before are kept.");
      await expectAccessible(page);
      expect([await countIn(page, 0), await countIn(page, 1)]).toEqual([6, 6]);
      // The previously stopped training can still be resumed.
      await page.getByText(/A training stopped after step \d+/).waitFor();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.locator(".teach-measure").waitFor();
      expect(await failed.count()).toBe(0);
      await context.close();
    });

    test("a file that is no model is refused where it was dropped", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await begin(page);
      writeFileSync(view.at("broken.onnx"), "no model at all");
      await drop(page, view.at("broken.onnx"));
      const report = page.locator(".files-report.panel");
      await report
        .getByText("broken.onnx is not an ONNX model, or is damaged. Nothing has changed")
        .waitFor();
      await report.getByRole("button", { name: "Close" }).click();
      expect(await report.count()).toBe(0);
      await context.close();
    });

    /** The number of stored items. */
    const stored = `new Promise((resolve) => {
      const request = indexedDB.open("vultus-teach-/", 1);
      request.onsuccess = () => {
        const database = request.result;
        const found = {};
        const transaction = database.transaction(database.objectStoreNames);
        for (const name of database.objectStoreNames)
          transaction.objectStore(name).count().onsuccess = ({ target }) => (found[name] = target.result);
        transaction.oncomplete = () => {
          database.close();
          resolve(found);
        };
      };
    })`;

    test("changes that come faster than they are stored are all there, and each is undone once", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await openTaught(page);
      const names = () =>
        page.locator(".class-card").evaluateAll((cards) => cards.map((one) => one.ariaLabel));
      const press = (selector: string, ...order: number[]) =>
        page.evaluate(`{
          const buttons = document.querySelectorAll(${JSON.stringify(selector)});
          for (const i of ${JSON.stringify(order)}) buttons[i].click();
        }`);
      await press(".class-card [aria-label^=Delete]", 0, 1, 0);
      await expect.poll(names).toEqual([]);
      // The name of a deleted class is free; the class is restored under another name.
      await page.getByLabel("Name of another class").fill("class 1");
      await page.keyboard.press("Enter");
      await expect.poll(names).toEqual(["class 1"]);
      await press(".undo button", 0, 0);
      await expect.poll(names).toEqual(["Class 1 2", "Class 2", "class 1"]);
      expect([await countIn(page, 0), await countIn(page, 1), await countIn(page, 2)]).toEqual([6, 6, 0]);
      await page.reload();
      await expect.poll(names).toEqual(["Class 1 2", "Class 2", "class 1"]);
      await context.close();
    });

    test("a project that a tab works on is not deleted in another, and one that is gone is said to be", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await openTaught(page);
      const other = await view.open(context);
      await other.getByText("This project is open in another tab.").waitFor();
      const remove = async (from: Page): Promise<void> => {
        await from.locator("summary").click();
        await from.locator(".projects-panel").getByRole("button", { name: "Delete Project 1" }).click();
        await from.getByRole("button", { name: "Delete Project 1 for good" }).click();
      };
      await remove(other);
      await other.getByText("The project is open in another tab. Close it there, then delete it.").waitFor();
      await train(page).click();
      await page.locator(".facts").waitFor();
      await remove(page);
      await page.getByRole("button", { name: "Start with two classes" }).waitFor();
      await other.getByText("This project was deleted in another tab.").waitFor();
      expect(await other.evaluate(stored)).toEqual({
        projects: 0,
        examples: 0,
        trainings: 0,
        checkpoints: 0,
      });
      await context.close();
    });

    test("if the stored data is deleted during a training, its model and the examples can still be downloaded", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await openTaught(page);
      await train(page).click();
      await page.locator(".facts").waitFor();
      const session = await context.newCDPSession(page);
      const { origin } = new URL(view.server.address);
      await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
      await card(page, 0).locator(".thumbnail").first().click();
      await card(page, 0).getByRole("button", { name: "Delete", exact: true }).click();
      const notKept = page.locator(".not-kept").getByText("The browser closed the storage of this page");
      await notKept.getByText("Download what you still need, then reload the page.").waitFor();
      await page.getByText("The browser could not store the model: it is in this page only.").waitFor();
      // The page does not promise to keep what is not stored.
      await page.locator(".failed").getByText("The browser closed the storage of this page").waitFor();
      expect(await page.getByText("the models trained before are kept").count()).toBe(0);
      expect(await countIn(page, 0)).toBe(6);
      for (const name of [/^Download the model/, /^Download the examples/]) {
        const download = page.waitForEvent("download");
        await page.getByRole("button", { name }).click();
        await (await download).path();
      }
      await context.close();
    });

    test("a model for which the storage has no room stays in the page, and can be trained on", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      const session = await context.newCDPSession(page);
      const { origin } = new URL(view.server.address);
      const usage = await page.evaluate<number>("navigator.storage.estimate().then(({ usage }) => usage)");
      // The quota fits the examples, but not the model of 2.9 MB or a larger checkpoint.
      await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage + 1_500_000 });
      await openTaught(page);
      await train(page).click();
      await page.getByText("The browser could not store the model: it is in this page only.").waitFor();
      await expectAccessible(page);
      await page.getByLabel("from").selectOption("taught");
      await train(page).click();
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await train(page).waitFor();
      expect(await page.getByRole("button", { name: /^Download the model/ }).count()).toBe(1);
      await train(page).click();
      await page.getByText("of the model taught here learn from").waitFor();
      await context.close();
    });

    test("a training that is stopped does not cost the finished model before it", async () => {
      const context = await view.newContext();
      const page = await view.open(context);
      await openTaught(page);
      await train(page).click();
      await page.locator(".teach-measure").waitFor();
      await train(page).click();
      // The tenth step at the earliest.
      await page
        .locator(".teach-training dl")
        .getByText(/^\d{2,} of \d+$/)
        .first()
        .waitFor();
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      const stopped = page.locator(".teach-measure").getByText("The training was stopped");
      await stopped.waitFor();
      await expectAccessible(page);
      await page.reload();
      await stopped.waitFor();
      await page.getByRole("button", { name: "Back to the model before" }).click();
      await stopped.waitFor({ state: "detached" });
      expect(await page.getByRole("button", { name: /^Download the model/ }).count()).toBe(1);
      await page.reload();
      await page.locator(".teach-measure").waitFor();
      expect(await stopped.count()).toBe(0);
      expect(await page.getByRole("button", { name: "Back to the model before" }).count()).toBe(0);
      await context.close();
    });

    test("a recording ends if its key may be let go unseen, or if its class is deleted", async () => {
      const { context, page } = await recording();
      await page.evaluate("dispatchEvent(new Event('blur'))");
      await expect.poll(() => page.locator(".class-card.recording").count()).toBe(0);
      await untilRecorded(page, 0);
      expect(await page.locator(".undo").textContent()).toContain("of “Class 1”");
      await page.keyboard.up("1");
      await page.getByRole("button", { name: "Record Class 2 hands-free" }).click();
      await card(page, 1).locator(".card-head button").click();
      await expect.poll(() => page.locator(".countdown, .recording-mark").count()).toBe(0);
      await context.close();
    });

    test("images that come before the model, and archives, are refused with the way on", async () => {
      const context = await view.newContext({ serviceWorkers: "block" });
      const page = await context.newPage();
      await page.route(/vultus_s\.onnx/, () => {});
      await page.goto(`${view.server.address}#teach`);
      await begin(page);
      const report = page.locator(".files-report.panel");
      await addImages(page, 0, view.at("images", "first0.png"));
      await report
        .getByText("No model is loaded, so faces cannot be found. Add the images again once one is loaded.")
        .waitFor();
      writeFileSync(view.at("looks.zip"), "PK");
      await addImages(page, 0, view.at("looks.zip"));
      await report.getByText("looks.zip is an archive: unpack it, and drop the folders in it.").waitFor();
      await context.close();
    });

    test("a training that fails gives the reason, and keeps what there is", async () => {
      const context = await view.newContext({ serviceWorkers: "block" });
      const page = await view.open(context);
      await openTaught(page);
      await page.route(/training-worker/, (route) =>
        route.fulfill({
          contentType: "text/javascript",
          headers: { "cross-origin-embedder-policy": "require-corp" },
          body: "throw new Error('out of order')",
        }),
      );
      await train(page).focus();
      await page.keyboard.press("Enter");
      const failed = page.locator(".failed");
      await failed.getByText("The training failed: Uncaught Error: out of order").waitFor();
      await expectAccessibleInEveryLook(page);
      expect(await page.evaluate("document.activeElement.className")).toBe("teach-training");
      await page.unroute(/training-worker/);
      await page.route(/vultus_s\.onnx/, (route) => route.abort());
      await train(page).click();
      await failed.getByText("vultus_s cannot be fetched").waitFor();
      await page.unroute(/vultus_s\.onnx/);
      await train(page).click();
      await page.locator(".teach-measure").waitFor();
      expect(await failed.count()).toBe(0);
      await context.close();
    });
  },
);
