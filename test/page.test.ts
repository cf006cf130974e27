/** The page in a real browser: the same answers as in Node, nothing sent anywhere, and usable by everybody. */

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import { decodePicture } from "../src/data/decode.node.ts";
import { type Explanation, explainPictures } from "../src/evaluate/explain.ts";
import { heatOverlay } from "../src/evaluate/heat-overlay.ts";
import { inMemory } from "../src/evaluate/run-bundle.ts";
import type { PageModels } from "../src/export/page-models.ts";
import type { DetectedFace } from "../src/predict/boxes.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { loadModel, type Model, predict } from "../src/predict/model.node.ts";
import type { Prediction } from "../src/predict/prediction.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { loadClassifier } from "../src/weights/load.node.ts";
import { shippedModel } from "../src/weights/shipped.node.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { composite } from "./support/composites.ts";
import { cameraArguments, encoded, face, twoFaces, writeCameraFile } from "./support/photos.ts";
import { smallArchitecture, writeSmallBundle } from "./support/small-classifier.ts";
import { type StaticServer, serveFolder } from "./support/static-server.ts";

const built = fileURLToPath(new URL("../dist/web", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vultus-page-"));
const at = (...parts: string[]): string => join(folder, ...parts);

/**
 * Maximum difference between the probabilities of two runtimes: the last bits of landmarks shift a crop by a fraction of a pixel.
 */
const TOLERANCE = 5e-3;

/** Milliseconds: a page is slow on a busy machine. */
const PATIENCE = 240_000;

/** The page's report with this number of threads. */
function threadsHere(cores: number): string {
  return cores === 1 ? "one thread" : `${cores} threads`;
}

test("the first load of code and style is small", () => {
  const files = readdirSync(built, { recursive: true, encoding: "utf8" });
  // ONNX Runtime is loaded with its models, the view of trainings with its server, and the view Teach when it is opened.
  const later = /teach|train|cut-|examples-zip/;
  const code = files.filter((name) => /\.(js|css|html)$/.test(name) && !/\/ort\.|watch/.test(name));
  const bytesOf = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).length, 0);
  const own = code.filter((name) => !later.test(name));
  expect(own.length).toBeGreaterThan(5);
  expect(bytesOf(own)).toBeLessThan(250_000);
  expect(bytesOf(code.filter((name) => later.test(name)))).toBeLessThan(180_000);
});

describe.skipIf(chromiumPath === undefined)(
  "in Chromium (skipped if there is none)",
  { timeout: 2 * PATIENCE },
  () => {
    let browser: Browser;
    let server: StaticServer;
    let node: Model;
    const complaints: string[] = [];

    beforeAll(async () => {
      mkdirSync(at("photos"));
      await encoded(twoFaces()).jpeg({ quality: 95 }).toFile(at("photos", "two.jpg"));
      const one = composite(300, 260, [{ face, x: 150, y: 130, side: 90 }]);
      await encoded(one).tint({ r: 250, g: 220, b: 200 }).png().toFile(at("photos", "single.png"));
      await encoded(composite(300, 260, [{ face, x: 150, y: 130, side: 90, angle: 90 }]))
        .png()
        .toFile(at("photos", "lying.png"));
      await encoded(composite(300, 300, []))
        .png()
        .toFile(at("photos", "empty.png"));
      writeFileSync(at("photos", "broken.jpg"), "no image at all");
      writeFileSync(at("broken.onnx"), "no model at all");
      writeSmallBundle(at("own 70%.onnx"), smallArchitecture("calm", "happy", "cross"));
      await writeCameraFile(at("camera.mjpeg"));
      server = await serveFolder(built, { path: "/some/where/" });
      node = await loadModel();
      browser = await startChromium(cameraArguments(at("camera.mjpeg")));
    });
    afterAll(async () => {
      await browser?.close();
      await node?.close();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function newContext(options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      context.setDefaultTimeout(PATIENCE);
      context.on("console", (message) => {
        if (message.type() !== "info") complaints.push(message.text());
      });
      context.on("weberror", (error) => complaints.push(error.error().message));
      return context;
    }

    async function open(context: BrowserContext, address = server.address): Promise<Page> {
      const page = await context.newPage();
      await page.goto(address);
      await page.locator(".model-chip").first().waitFor();
      return page;
    }

    /** Gives images to the page, and waits until it shows results in `cards` cards in all. */
    async function give(page: Page, cards: number, ...names: string[]): Promise<void> {
      await page.locator("main input[type=file]").setInputFiles(names.map((name) => at("photos", name)));
      await page
        .locator(".card:has(.bars, .error, .no-face)")
        .nth(cards - 1)
        .waitFor();
    }

    function coresOf(page: Page): Promise<number> {
      return page.evaluate<number>("Math.min(8, navigator.hardwareConcurrency)");
    }

    async function downloaded(page: Page, button: string): Promise<string> {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: button }).click(),
      ]);
      return readFileSync(await download.path(), "utf8");
    }

    function expectClose(ours: Prediction["faces"], theirs: Prediction["faces"]): void {
      expect(ours.map(({ label }) => label)).toEqual(theirs.map(({ label }) => label));
      for (const [i, { box, probabilities }] of ours.entries()) {
        const other = theirs[i] as Prediction["faces"][number];
        for (const side of ["x", "y", "width", "height"] as const)
          expect(Math.abs(box[side] - other.box[side])).toBeLessThan(0.3);
        for (const [name, value] of Object.entries(probabilities))
          expect(Math.abs(value - (other.probabilities[name] ?? Number.NaN))).toBeLessThan(TOLERANCE);
      }
    }

    async function expectNodesAnswers(page: Page, ...names: string[]): Promise<void> {
      const predictions = JSON.parse(await downloaded(page, "Download JSON")) as Prediction[];
      for (const name of names) {
        const ours = predictions.find(({ file }) => file === name);
        const theirs = await predict(node, at("photos", name), { threshold: 0.5 });
        expect([name, ours?.status]).toEqual([name, theirs.status]);
        expectClose(ours?.faces ?? [], theirs.faces);
      }
    }

    async function expectAccessible(page: Page): Promise<void> {
      await page.evaluate(axe.source);
      const { violations, passes } = await page.evaluate<axe.AxeResults>("axe.run()");
      expect(passes.length).toBeGreaterThan(15);
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(overflow)).toBe(0);
    }

    test("the first load of models is small, and each is fetched once", async () => {
      const own = await serveFolder(built, { path: "/below/" });
      // Without the service worker, which fetches the files that it keeps.
      const context = await browser.newContext({ serviceWorkers: "block" });
      context.setDefaultTimeout(PATIENCE);
      const page = await open(context, own.address);
      await give(page, 1, "two.jpg");
      await context.close();
      own.close();
      const files = own.asked.filter((path) => /\/(models|faces)\//.test(path)).sort();
      expect(files).toEqual([
        "/below/faces/eyes.onnx",
        "/below/faces/face_detector.onnx",
        "/below/models/vultus_m.onnx",
      ]);
      const bytes = files.reduce((sum, path) => sum + statSync(join(built, path.slice(7))).size, 0);
      expect(bytes).toBeLessThan(8e6);
    });

    describe("pictures", () => {
      let context: BrowserContext;
      let page: Page;
      beforeAll(async () => {
        context = await newContext();
        page = await open(context);
      });
      afterAll(() => context?.close());

      test("faces, boxes and probabilities are those of Node, on one thread and below any path", async () => {
        expect(await page.locator(".model-state").textContent()).toContain(
          "one thread; reload the page to use more",
        );
        await give(page, 4, "two.jpg", "single.png", "empty.png", "broken.jpg");
        await expectNodesAnswers(page, "two.jpg", "single.png", "empty.png");
        expect(await page.locator(".card", { hasText: "two.jpg" }).locator(".face-number").count()).toBe(2);
        expect(await page.locator(".card", { hasText: "empty.png" }).textContent()).toContain(
          "No face was found",
        );
        expect(await page.locator(".card", { hasText: "broken.jpg" }).textContent()).toContain(
          'This file cannot be readnot an image: begins with the text "no image at "',
        );
      });

      test("a tap at a box opens its face", async () => {
        const card = page.locator(".card", { hasText: "two.jpg" });
        const second = card.locator("details").nth(1);
        expect(await second.getAttribute("open")).toBeNull();
        const box = await card.locator("rect.box").nth(1).boundingBox();
        await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) - 10);
        await card.locator("details[open]").nth(1).waitFor();
        expect(await card.locator(".photo g").nth(1).getAttribute("class")).toBe("chosen");
        expect(await card.locator(".tag").count()).toBe(2);
      });

      test("if no face is found, the image can be turned", async () => {
        const card = page.locator(".card", { hasText: "empty.png" });
        await card.getByRole("button", { name: "Rotate the image" }).click();
        await card.locator(".no-face", { hasText: "in any of four orientations" }).waitFor();
        expect(await card.getByRole("button", { name: "Rotate the image" }).count()).toBe(0);
      });

      test("a face that lies on its side is found when the image is turned, and explained", async () => {
        await give(page, 5, "lying.png");
        const card = page.locator(".card", { hasText: "lying.png" });
        await card.getByRole("button", { name: "Rotate the image" }).click();
        await card.locator(".bars").waitFor();
        expect(await card.locator(".verdict").textContent()).toContain("surprise");
        await card.getByRole("button", { name: "Where it looked" }).click();
        await card.locator("canvas").nth(1).waitFor();
        await page.getByRole("button", { name: "Remove lying.png" }).click();
      });

      test("if no face is found, the whole image can be taken as one", async () => {
        await page.getByRole("button", { name: "Use the whole image" }).click();
        await page.locator(".card", { hasText: "empty.png" }).locator(".bars").waitFor();
      });

      test("below the chosen probability no expression is named", async () => {
        const unsure = page.locator(".verdict", { hasText: "not sure" });
        const slider = page.getByRole("slider");
        await slider.fill("95");
        expect(await unsure.count()).toBeGreaterThan(0);
        await slider.fill("0");
        expect(await unsure.count()).toBe(0);
        await slider.fill("50");
      });

      test("shows where it looked, as Node finds it", async () => {
        const card = page.locator(".card", { hasText: "single.png" });
        await card.getByRole("button", { name: "Where it looked" }).click();
        await card.locator("canvas").nth(1).waitFor();
        const pixels = (index: number): Promise<number[]> =>
          card
            .locator("canvas")
            .nth(index)
            .evaluate((canvas) => {
              const { width, height } = canvas as unknown as { width: number; height: number };
              const drawing = (canvas as unknown as { getContext(kind: "2d"): never }).getContext("2d") as {
                getImageData(...box: number[]): { data: Uint8Array };
              };
              return [...drawing.getImageData(0, 0, width, height).data];
            });
        const classifier = loadClassifier(shippedModel());
        const picture = await decodePicture(readFileSync(at("photos", "single.png")));
        const [found] = (await node.detector?.detect(picture)) ?? [];
        const crop = faceCrop(picture, found as DetectedFace, classifier.architecture);
        const engine = startEngine({ device: "cpu", threads: 1 });
        const [explanation] = await explainPictures(engine, classifier, inMemory([crop]), [0], {
          method: "grad-cam",
        });
        await engine.close();
        const expected = [explanation?.seen, heatOverlay(explanation as Explanation)] as Picture[];
        for (const [i, { pixels: theirs, channels }] of expected.entries()) {
          const ours = await pixels(i);
          expect(ours).toHaveLength((4 * theirs.length) / channels);
          const apart = ours.map((value, at) =>
            at % 4 === 3
              ? 0
              : Math.abs(value - (theirs[channels === 3 ? at - (at >> 2) : at >> 2] as number)),
          );
          expect(Math.max(...apart)).toBeLessThanOrEqual(8);
          expect(apart.reduce((sum, value) => sum + value) / apart.length).toBeLessThan(0.5);
        }
        expect(expected[0]?.pixels).not.toEqual(expected[1]?.pixels);
      });

      test("a model of one's own: labels from the file, both side by side, and a damaged file refused", async () => {
        const choose = page.locator(".model-bar input[type=file]");
        await choose.setInputFiles(at("broken.onnx"));
        await page.locator(".model-state .error").waitFor();
        expect(await page.locator(".model-state").textContent()).toContain("broken.onnx");
        await choose.setInputFiles(at("photos", "single.png"));
        await page.locator(".model-state .error", { hasText: "single.png" }).waitFor();
        expect(await page.locator(".model-state").textContent()).toMatch(
          /^single\.png is not an ONNX model, or is damagedRuns in this browser/,
        );
        await choose.setInputFiles(at("own 70%.onnx"));
        const card = page.locator(".card", { hasText: "single.png" });
        await card.locator(".bars").nth(1).waitFor();
        expect(await card.locator(".bars").nth(1).locator("dt").allTextContents()).toEqual([
          "calm",
          "happy",
          "cross",
        ]);
        const own = await loadModel(at("own 70%.onnx"));
        const theirs = await predict(own, at("photos", "single.png"), { threshold: 0.5 });
        await own.close();
        const all = JSON.parse(await downloaded(page, "Download JSON")) as (Prediction & { model: string })[];
        const ours = all.filter(({ file }) => file === "single.png");
        expect(ours.map(({ model }) => model)).toEqual(["vultus_m", "own 70%"]);
        expectClose(ours[1]?.faces ?? [], theirs.faces);
        await expectAccessible(page);
        await page.getByRole("button", { name: "Remove vultus_m" }).click();
        await card.locator(".bars").nth(1).waitFor({ state: "detached" });
        expect(await card.locator("dt").first().textContent()).toBe("calm");
        await page.getByRole("button", { name: "Compare with vultus_m" }).click();
        await page.getByRole("button", { name: "Remove own 70%" }).click();
        await expect
          .poll(() => card.locator("dt").first().textContent(), { timeout: PATIENCE })
          .toBe("angry");
      });

      test.each([
        { name: "light", colorScheme: "light", width: 1280, dir: "ltr" },
        { name: "dark", colorScheme: "dark", width: 1280, dir: "ltr" },
        { name: "narrow", colorScheme: "light", width: 360, dir: "ltr" },
        { name: "right to left", colorScheme: "light", width: 360, dir: "rtl" },
      ] as const)("axe finds nothing: $name", async ({ colorScheme, width, dir }) => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await page.evaluate(`document.documentElement.dir = "${dir}"`);
        await expectAccessible(page);
      });
    });

    test("the class prior may be chosen, for every model that records its own, and is remembered", async () => {
      const context = await newContext();
      const page = await open(context);
      await give(page, 1, "single.png");
      const choice = page.getByLabel("Class prior");
      expect(await choice.locator("option").allTextContents()).toEqual([
        "as set for the model",
        "as trained",
        "half-way",
        "uniform",
      ]);
      expect(await choice.inputValue()).toBe("");
      const facesOf = async (own: Page, wanted: string): Promise<Prediction> => {
        let found: Prediction | undefined;
        await expect
          .poll(
            async () => {
              const all = JSON.parse(await downloaded(own, "Download JSON")) as Prediction[];
              found = all.find(({ file, faces }) => file === "single.png" && faces.length > 0);
              return found && JSON.stringify(found.prior ?? "trained");
            },
            { timeout: PATIENCE },
          )
          .toBe(wanted);
        return found as Prediction;
      };
      const ships = await predict(node, at("photos", "single.png"), { threshold: 0.5 });
      const before = await facesOf(page, JSON.stringify(ships.prior));
      expectClose(before.faces, ships.faces);
      for (const prior of ["uniform:0.5", "uniform"]) {
        await choice.selectOption(prior);
        const theirs = await predict(node, at("photos", "single.png"), { threshold: 0.5, prior });
        expectClose((await facesOf(page, JSON.stringify(theirs.prior))).faces, theirs.faces);
      }
      await expectAccessible(page);
      // A model that records no prior keeps its probabilities, and the page marks it.
      await page.locator(".model-bar input[type=file]").setInputFiles(at("own 70%.onnx"));
      await page.locator(".choice", { hasText: "not of own 70%" }).waitFor();
      await page.getByRole("button", { name: "Remove own 70%" }).click();

      const again = await open(context);
      expect(await again.getByLabel("Class prior").inputValue()).toBe("uniform");
      await give(again, 1, "single.png");
      const theirs = await predict(node, at("photos", "single.png"), { threshold: 0.5, prior: "uniform" });
      expectClose((await facesOf(again, JSON.stringify(theirs.prior))).faces, theirs.faces);
      await again.close();
      await choice.selectOption("trained");
      await facesOf(page, '"trained"');
      await choice.selectOption("");
      expect((await facesOf(page, JSON.stringify(ships.prior))).faces).toEqual(before.faces);
      await context.close();
    });

    test("a prior that models.json sets is the page's own, and may be left for another", async () => {
      // Without the service worker, whose requests are not visible here.
      const context = await browser.newContext({ serviceWorkers: "block" });
      context.setDefaultTimeout(PATIENCE);
      await context.route("**/models.json", async (route) => {
        const { models } = (await (await route.fetch()).json()) as PageModels;
        await route.fulfill({ json: { models: models.map((model) => ({ ...model, prior: "happy=0.5" })) } });
      });
      const page = await open(context);
      const choice = page.getByLabel("Class prior");
      expect(await choice.inputValue()).toBe("");
      expect(await choice.locator("option").first().textContent()).toBe("as set for the model");
      await give(page, 1, "single.png");
      const answer = async (): Promise<Prediction | undefined> =>
        (JSON.parse(await downloaded(page, "Download JSON")) as Prediction[])[0];
      const theirs = await predict(node, at("photos", "single.png"), { threshold: 0.5, prior: "happy=0.5" });
      expect((await answer())?.prior).toEqual(theirs.prior);
      expectClose((await answer())?.faces ?? [], theirs.faces);
      await choice.selectOption("trained");
      await expect.poll(async () => (await answer())?.status, { timeout: PATIENCE }).toBe("ok");
      expect(await answer()).not.toHaveProperty("prior");
      await choice.selectOption("");
      await expect.poll(async () => (await answer())?.prior, { timeout: PATIENCE }).toEqual(theirs.prior);
      await context.close();
    });

    test("once it is loaded, no network is needed, and none is used", async () => {
      const context = await newContext();
      const page = await open(context);
      const kept =
        "caches.keys().then(async ([name]) => name ? (await (await caches.open(name)).keys()).map(({ url }) => url).join() : '')";
      for (const file of [/models\.json/, /vultus_m\.onnx/, /face_detector\.onnx/, /\.wasm/, /explain/])
        await expect.poll(() => page.evaluate(kept), { timeout: PATIENCE }).toMatch(file);
      const tried: string[] = [];
      // Responses that the service worker serves from its cache are complete; all other requests fail.
      context.on("requestfailed", (request) => tried.push(request.url()));
      await context.route("**", (route) => route.abort());
      await context.setOffline(true);
      await give(page, 1, "two.jpg");
      await expectNodesAnswers(page, "two.jpg");
      expect(tried.filter((address) => !address.startsWith("blob:"))).toEqual([]);
      // And a later visit without a network.
      await context.unroute("**");
      await page.reload();
      await page.locator(".model-chip").first().waitFor();
      // The service worker isolates it, which this host cannot.
      expect(await page.evaluate("crossOriginIsolated")).toBe(true);
      expect(await page.locator(".model-state").textContent()).toContain(threadsHere(await coresOf(page)));
      await give(page, 1, "single.png");
      await expectNodesAnswers(page, "single.png");
      await context.close();
    });

    test("a page that is open while a new version takes its place still finds all its parts", async () => {
      cpSync(built, at("deployed"), { recursive: true });
      const deployed = await serveFolder(at("deployed"));
      const context = await newContext();
      const page = await open(context, deployed.address);
      const versions = "caches.keys().then((names) => names.length)";
      const keepsPart =
        "caches.keys().then(async ([name]) => name ? (await (await caches.open(name)).keys()).some(({ url }) => url.includes('teach-view')) : false)";
      await expect.poll(() => page.evaluate(keepsPart), { timeout: PATIENCE }).toBe(true);
      for (const version of ["000000000000", "111111111111"]) {
        const [part] = readdirSync(at("deployed", "assets")).filter((name) => /^teach-view.*js$/.test(name));
        const renamed = `teach-view-${version}.js`;
        renameSync(at("deployed", "assets", part as string), at("deployed", "assets", renamed));
        const worker = readFileSync(at("deployed", "sw.js"), "utf8");
        const next = worker.replaceAll(part as string, renamed).replace(/(?<=")[0-9a-f]{12}(?=")/, version);
        expect(next).not.toBe(worker);
        writeFileSync(at("deployed", "sw.js"), next);
        await page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.update())");
        const active =
          "navigator.serviceWorker.getRegistration().then(({ active, waiting, installing }) => active.state === 'activated' && !waiting && !installing)";
        await expect.poll(() => page.evaluate(active), { timeout: PATIENCE }).toBe(true);
        await expect.poll(() => page.evaluate(versions), { timeout: PATIENCE }).toBe(2);
        if (version === "000000000000") {
          await page.getByRole("link", { name: "Teach" }).click();
          await page.getByRole("button", { name: "Start with two classes" }).waitFor();
        }
      }
      await context.close();
      deployed.close();
    });

    test("if the page is isolated, it runs on all threads", async () => {
      const isolated = await serveFolder(built, { isolated: true });
      const context = await newContext();
      const page = await open(context, isolated.address);
      expect(await page.locator(".model-state").textContent()).toContain(threadsHere(await coresOf(page)));
      await give(page, 1, "single.png");
      await expectNodesAnswers(page, "single.png");
      await context.close();
      isolated.close();
    });

    test("the keyboard alone reaches everything", async () => {
      const context = await newContext();
      const page = await open(context);
      await give(page, 2, "two.jpg", "empty.png");
      const reached = new Set<string>();
      const focused = "document.activeElement === document.body ? '' : document.activeElement.outerHTML";
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        const element = await page.evaluate<string>(focused);
        if (element) reached.add(element);
      }
      const all = await page.locator("a, button, summary, input:not([tabindex='-1']), select").all();
      for (const element of all)
        if (await element.isVisible())
          expect(reached).toContain(
            await element.evaluate((e) => (e as unknown as { outerHTML: string }).outerHTML),
          );
      expect(all.length).toBeGreaterThan(8);
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Choose images" }).focus();
      await page.keyboard.press("Enter");
      expect((await chooser).isMultiple()).toBe(true);
      // If a control disappears with the item that it removes, the next control gets the focus.
      const label = "document.activeElement.ariaLabel ?? document.activeElement.textContent";
      for (const [name, next] of [
        ["Remove two.jpg", "Remove empty.png"],
        ["Remove empty.png", "Choose images"],
      ] as const) {
        await page.getByRole("button", { name }).focus();
        await page.keyboard.press("Enter");
        await page.getByRole("button", { name }).waitFor({ state: "detached" });
        expect(await page.evaluate(label)).toBe(next);
      }
      await context.close();
    });

    test("images and models may be dropped anywhere, and images pasted", async () => {
      const context = await newContext();
      const page = await open(context, `${server.address}#camera`);
      const bytes = (path: string): string => JSON.stringify(readFileSync(path).toString("base64"));
      const event = (kind: string, path: string, name: string): string => `(() => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(${bytes(path)}), (c) => c.charCodeAt(0));
      data.items.add(new File([bytes], ${JSON.stringify(name)}));
      const init = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(
        ${JSON.stringify(kind)} === "drop"
          ? new DragEvent("drop", { ...init, dataTransfer: data })
          : new ClipboardEvent("paste", { ...init, clipboardData: data }),
      );
    })()`;
      await page.evaluate(event("drop", at("photos", "single.png"), "dropped.png"));
      await page.locator(".card", { hasText: "dropped.png" }).locator(".bars").waitFor();
      expect(page.url()).toMatch(/#pictures$/);
      await page.evaluate(event("paste", at("photos", "empty.png"), "pasted.png"));
      await page.locator(".card", { hasText: "pasted.png" }).locator(".no-face").waitFor();
      await page.evaluate(event("drop", at("own 70%.onnx"), "own.onnx"));
      await page.locator(".model-chip").nth(1).waitFor();
      await context.close();
    });

    describe("the camera", () => {
      test("faces live: boxes, bars, the last minute, its CSV, a snapshot, a pause", async () => {
        const context = await newContext({ permissions: ["camera"] });
        const page = await open(context, `${server.address}#camera`);
        await page.getByRole("button", { name: "Start the camera" }).click();
        await page.locator(".live-faces .bars").waitFor();
        expect(await page.locator(".overlay .box").count()).toBe(1);
        await expect
          .poll(() => page.locator(".speed").textContent(), { timeout: PATIENCE })
          .toMatch(/^(?!0\.0)\d+\.\d frames per second/);
        await expectAccessible(page);
        await page.getByRole("button", { name: "Pause" }).click();
        const rows = (await downloaded(page, "Download CSV")).trim().split("\n");
        expect(rows[0]).toBe(`time,track,x,y,width,height,score,label,${node.classes.join(",")}`);
        expect(rows.length).toBeGreaterThan(3);
        for (const row of rows.slice(1)) {
          const cells = row.split(",");
          // If frames are seconds apart, a face may be taken for another.
          expect(cells[1]).toMatch(/^[1-9]\d*$/);
          expect(cells.slice(8).reduce((sum, cell) => sum + Number(cell), 0)).toBeCloseTo(1, 4);
        }
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("button", { name: "Snapshot" }).click(),
        ]);
        const { width, height, format } = await sharp(await download.path()).metadata();
        expect([width, height, format]).toEqual([640, 480, "png"]);
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByRole("button", { name: "Stop" }).click();
        await page.locator("button:focus", { hasText: "Start the camera" }).waitFor();
        await page.keyboard.press("Enter");
        await page.locator("button:focus", { hasText: "Pause" }).waitFor();
        await context.close();
      });

      test("a camera that was refused is said to be, and can be asked for again", async () => {
        const context = await newContext();
        const page = await open(context, `${server.address}#camera`);
        await page.getByRole("button", { name: "Start the camera" }).click();
        expect(await page.getByRole("alert").textContent()).toContain("Access to the camera was denied");
        await expectAccessible(page);
        await context.grantPermissions(["camera"]);
        await page.getByRole("button", { name: "Try again" }).click();
        await page.locator(".overlay").waitFor();
        await context.close();
      });
    });

    test("nothing was complained of in all that time", () => {
      expect(complaints).toEqual([]);
    });
  },
);

if (chromiumPath === undefined)
  process.stderr.write(
    "no Chromium found (VULTUS_CHROMIUM names one): the page is not looked at in a browser\n",
  );
