/** `<vultus-camera>` in other pages: with one script tag, and in React and in Vue as docs/how-to/element.md shows. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import type { Plugin } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileScript, parse } from "vue/compiler-sfc";
import type { VultusCameraElement, VultusCameraPrediction } from "../src/element.ts";
import { writeSite } from "../src/export/site.node.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { shippedModel } from "../src/weights/shipped.node.ts";
import { buildPage } from "./support/browser-build.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { cameraArguments, encoded, twoFaces, writeCameraFile } from "./support/photos.ts";
import { smallArchitecture, writeSmallBundle } from "./support/small-classifier.ts";
import { type StaticServer, serveFolder } from "./support/static-server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vultus-element-"));
const at = (...parts: string[]): string => join(folder, ...parts);
/** Inside the checkout, so that bundlers find the packages, including vultus. */
const inside = join(root, ".cache", `element-${process.pid}`);
const docs = readFileSync(join(root, "docs/how-to/element.md"), "utf8");

const PATIENCE = 120_000;
/** Maximum difference between the probabilities of two runtimes. */
const TOLERANCE = 2e-3;

/** The snippet of the page in this language. */
function snippet(language: "html" | "tsx" | "vue"): string {
  const [, text] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(docs) ?? [];
  if (text === undefined) throw new Error(`docs/how-to/element.md has no ${language}`);
  return text;
}

/** Vue's single files, as its plugin for Vite compiles them. */
const vueFiles: Plugin = {
  name: "vue-files",
  transform(code, id) {
    if (!id.endsWith(".vue")) return undefined;
    const compilerOptions = { isCustomElement: (tag: string) => tag === "vultus-camera" };
    const { content } = compileScript(parse(code).descriptor, {
      id: "snippet",
      inlineTemplate: true,
      templateOptions: { compilerOptions },
    });
    return { code: content, moduleType: "ts" };
  },
};

const html = (body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page of mine</title><main>${body}</main></html>`;

test("in Node the import does nothing, so that pages can be rendered there", () => {
  const code = 'import "vultus/element"; console.log(globalThis.customElements, globalThis.document)';
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
    cwd: root,
    encoding: "utf8",
  });
  expect(said.trim()).toBe("undefined undefined");
});

describe.skipIf(chromiumPath === undefined)(
  "in Chromium (skipped if there is none)",
  { timeout: 3 * PATIENCE },
  () => {
    let browser: Browser;
    let server: StaticServer;
    const complaints: string[] = [];

    beforeAll(async () => {
      const bytes = readFileSync(shippedModel());
      mkdirSync(at("html"));
      writeSite(at("html", "site"), { name: "vultus_m", bytes });
      writeFileSync(at("html", "index.html"), snippet("html"));
      writeFileSync(
        at("html", "bare.html"),
        html('<script type="module" src="site/vultus-element.js"></script>'),
      );
      writeSmallBundle(at("html", "own 70%.onnx"), smallArchitecture("calm", "happy", "cross"), {
        trainedPrior: [0.5, 0.25, 0.25],
      });
      await encoded(twoFaces()).jpeg({ quality: 95 }).toFile(at("html", "two.jpg"));
      await writeCameraFile(at("camera.mjpeg"));
      server = await serveFolder(at("html"), { path: "/below/" });
      browser = await startChromium(cameraArguments(at("camera.mjpeg")));
    }, PATIENCE);
    afterAll(async () => {
      await browser?.close();
      server?.close();
      rmSync(folder, { recursive: true, force: true });
      rmSync(inside, { recursive: true, force: true });
    });

    /** Opens a page that records the cameras that it was given. */
    async function open(address: string, permissions: string[] = ["camera"]): Promise<Page> {
      const context = await browser.newContext({ permissions });
      context.setDefaultTimeout(PATIENCE);
      context.on("console", (message) => {
        if (!["info", "debug"].includes(message.type()) && !message.text().includes("404"))
          complaints.push(message.text());
      });
      context.on("weberror", (error) => complaints.push(error.error().message));
      await context.addInitScript(`{
        globalThis.cameras = [];
        const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
        if (ask) navigator.mediaDevices.getUserMedia = async (wanted) => {
          const stream = await ask(wanted);
          cameras.push(stream.getVideoTracks()[0]);
          return stream;
        };
      }`);
      const page = await context.newPage();
      await page.goto(address);
      return page;
    }

    const camerasOf = (page: Page): Promise<string[]> =>
      page.evaluate("cameras.map((track) => track.readyState)");

    /** Presses the button, and waits until the page's own text shows an expression. */
    async function startAndRead(page: Page): Promise<void> {
      await page.getByRole("button", { name: "Start the camera" }).click();
      await page.locator("output", { hasText: "surprise" }).waitFor();
      expect(await page.locator("vultus-camera .bars dt").allTextContents()).toContain("surprise");
      expect(await camerasOf(page)).toEqual(["live"]);
    }

    async function expectAllGivenBack(page: Page): Promise<void> {
      await expect.poll(() => page.workers().length, { timeout: PATIENCE }).toBe(0);
      expect(await camerasOf(page)).not.toContain("live");
    }

    /** Puts an element into the bare page; its events so far are in `told`. */
    async function put(page: Page, attributes: string): Promise<void> {
      await page.waitForFunction("customElements.get('vultus-camera')");
      await page.evaluate(`{
        document.querySelector("vultus-camera")?.remove();
        document.querySelector("main").insertAdjacentHTML("beforeend", '<vultus-camera ${attributes}></vultus-camera>');
        globalThis.camera = document.querySelector("vultus-camera");
        const own = (globalThis.told = []);
        for (const name of ["ready", "prediction", "statechange", "error"])
          camera.addEventListener(name, (event) => own.push([name, event.detail ?? event.message]));
      }`);
    }

    type Told = [string, never][];
    const told = (page: Page): Promise<Told> => page.evaluate<Told>("told");
    const property = <Name extends keyof VultusCameraElement>(
      page: Page,
      name: Name,
    ): Promise<VultusCameraElement[Name]> => page.evaluate(`camera.${name}`);
    const outcome = (page: Page, call: string): Promise<string> =>
      page.evaluate(`camera.${call}.then(() => "done", ({ message }) => message)`);

    test("one script tag is all that a page needs; each file is fetched once, from its own host only", async () => {
      const from = server.asked.length;
      const page = await open(server.address);
      const hosts = new Set<string>();
      page.on("request", (request) => hosts.add(new URL(request.url()).host));
      await startAndRead(page);
      const asked = server.asked.slice(from);
      for (const file of ["models/vultus_m.onnx", "faces/face_detector.onnx", "faces/eyes.onnx"])
        expect(asked.filter((path) => path === `/below/site/${file}`)).toHaveLength(1);
      expect([...hosts].filter((host) => host !== "")).toEqual([new URL(server.address).host]);
      await page.evaluate("document.querySelector('vultus-camera').remove()");
      await expectAllGivenBack(page);
      await page.context().close();
    });

    test("the script may come from another host, also if the page is isolated", async () => {
      for (const isolated of [false, true]) {
        const other = await serveFolder(at("html", "site"), { cors: true });
        mkdirSync(at("guest"), { recursive: true });
        writeFileSync(
          at("guest", "index.html"),
          snippet("html").replace("site/vultus-element.js", `${other.address}vultus-element.js`),
        );
        const guest = await serveFolder(at("guest"), { isolated });
        const page = await open(guest.address);
        await startAndRead(page);
        expect(await page.evaluate("document.querySelector('vultus-camera').loaded.threads")).toBe(1);
        await page.context().close();
        other.close();
        guest.close();
      }
    });

    test.each([
      {
        name: "React",
        file: "expression.tsx",
        language: "tsx",
        main: `
          import { StrictMode, createElement } from "react";
          import { createRoot } from "react-dom/client";
          import { Expression } from "./expression.tsx";
          const mounted = createRoot(document.querySelector("#app"));
          mounted.render(createElement(StrictMode, null, createElement(Expression)));
          globalThis.unmount = () => mounted.unmount();`,
      },
      {
        name: "Vue",
        file: "expression.vue",
        language: "vue",
        main: `
          import { createApp } from "vue";
          import Expression from "./expression.vue";
          const mounted = createApp(Expression);
          mounted.mount("#app");
          globalThis.unmount = () => mounted.unmount();`,
      },
    ] as const)("$name mounts it as the docs show", async ({ name, file, language, main }) => {
      const source = join(inside, name);
      mkdirSync(source, { recursive: true });
      writeFileSync(join(source, file), snippet(language));
      writeFileSync(join(source, "main.ts"), main);
      writeFileSync(
        join(source, "index.html"),
        html('<div id="app"></div><script type="module" src="./main.ts"></script>'),
      );
      await buildPage(source, at(name), [vueFiles]);
      const built = await serveFolder(at(name), { isolated: true });
      const page = await open(built.address);
      expect(await page.locator("output").textContent()).toBe("not sure");
      await startAndRead(page);
      const { threads } = await page.evaluate<NonNullable<VultusCameraElement["loaded"]>>(
        "document.querySelector('vultus-camera').loaded",
      );
      expect(threads).toBe(await page.evaluate("Math.min(8, navigator.hardwareConcurrency)"));
      await page.evaluate("unmount()");
      await expectAllGivenBack(page);
      await page.context().close();
      built.close();
    });

    describe("by itself", () => {
      let page: Page;
      beforeAll(async () => {
        page = await open(`${server.address}bare.html`);
      });
      afterAll(() => page?.context().close());

      test("an image has Node's faces and probabilities, and is announced once", async () => {
        await put(page, 'src="two.jpg" threshold="0.999"');
        await page.waitForFunction("camera.faces.length === 2");
        const predictions = (await told(page)).filter(([name]) => name === "prediction");
        expect(predictions).toHaveLength(1);
        const [[, prediction]] = predictions as unknown as [[string, VultusCameraPrediction]];
        expect([prediction.width, prediction.height]).toEqual([600, 400]);
        const node = await loadModel();
        const { faces } = await predict(node, at("html", "two.jpg"));
        await node.close();
        expect(prediction.faces.map(({ track, label }) => [track, label])).toEqual([
          [1, null],
          [2, null],
        ]);
        for (const [i, theirs] of faces.entries()) {
          const ours = prediction.faces[i] as (typeof prediction.faces)[number];
          for (const side of ["x", "y", "width", "height"] as const)
            expect(Math.abs(ours.box[side] - theirs.box[side])).toBeLessThan(0.5);
          for (const [name, value] of Object.entries(theirs.probabilities))
            expect(Math.abs((ours.probabilities[name] ?? Number.NaN) - value)).toBeLessThan(TOLERANCE);
        }
        // A new threshold changes the labels of the boxes.
        await page.evaluate("camera.threshold = 0");
        const label = faces[0]?.label as string;
        await page.locator("vultus-camera .tag", { hasText: label }).first().waitFor();
        expect((await property(page, "faces"))[0]?.label).toBe(label);
      });

      test("events, methods and properties tell of loading, asking, running and stopping", async () => {
        await put(page, "");
        expect([await property(page, "state"), await property(page, "loaded")]).toEqual(["off", undefined]);
        expect(await outcome(page, "load()")).toBe("done");
        expect(await property(page, "loaded")).toMatchObject({
          name: "vultus_m",
          inputSize: 64,
          device: "cpu",
          threads: 1,
        });
        expect(await outcome(page, "start()")).toBe("done");
        expect(await property(page, "state")).toBe("running");
        await page.waitForFunction("camera.faces.length === 1");
        const prediction = (await told(page)).find(([name]) => name === "prediction");
        expect(prediction?.[1]).toMatchObject({
          width: 640,
          height: 480,
          faces: [{ track: 1, label: expect.any(String) as unknown }],
        });
        await page.evaluate("camera.stop()");
        await page.waitForFunction("camera.state === 'off'");
        expect(await property(page, "faces")).toEqual([]);
        expect(await camerasOf(page)).not.toContain("live");
        const states = (await told(page)).flatMap(([name, detail]) =>
          name === "statechange" ? [(detail as { state: string }).state] : [],
        );
        expect(states.filter((state, i) => state !== states[i - 1])).toEqual(states);
        expect([states[0], states.includes("asking"), ...states.slice(-2)]).toEqual([
          "loading",
          true,
          "running",
          "off",
        ]);
        expect((await told(page)).filter(([name]) => name === "ready")).toHaveLength(1);
      });

      test("moved within the page it keeps its model; taken out of it, it gives camera and worker back", async () => {
        await put(page, "autostart");
        await page.waitForFunction("camera.faces.length === 1");
        const [worker] = page.workers();
        await page.evaluate("document.body.append(camera)");
        await page.waitForTimeout(100);
        expect([page.workers(), await property(page, "state")]).toEqual([[worker], "running"]);
        await page.evaluate("camera.remove()");
        await expectAllGivenBack(page);
        expect([await property(page, "state"), await property(page, "loaded")]).toEqual(["off", undefined]);
        expect(await outcome(page, "start()")).toContain("not in the page");
        await page.evaluate("document.querySelector('main').append(camera)");
        await page.waitForFunction("camera.faces.length === 1");
      });

      test("another model replaces the first while the camera runs, and one that is missing is reported", async () => {
        await put(page, "autostart");
        await page.waitForFunction("camera.faces.length === 1");
        await page.evaluate("camera.model = 'own 70%25.onnx'");
        await page.waitForFunction("camera.loaded.classes.join() === 'calm,happy,cross'");
        expect((await property(page, "loaded"))?.name).toBe("own 70%");
        await page.locator("vultus-camera .bars dt", { hasText: "calm" }).waitFor();
        expect(page.workers()).toHaveLength(1);
        await page.evaluate("camera.setAttribute('model', 'nowhere.onnx')");
        await page.waitForFunction("camera.state === 'failed'");
        const reason = `${server.address}nowhere.onnx: the server answers 404`;
        expect((await told(page)).filter(([name]) => name === "error")).toEqual([["error", reason]]);
        expect((await told(page)).at(-1)).toEqual(["statechange", { state: "failed", reason }]);
        expect(await outcome(page, "start()")).toBe(reason);
        await page.locator("vultus-camera [role=alert]", { hasText: "404" }).waitFor();
        await page.evaluate("camera.removeAttribute('model')");
        expect(await outcome(page, "start()")).toBe("done");
        await page.waitForFunction("camera.loaded.name === 'vultus_m' && camera.faces.length === 1");
      });

      test("a prior shifts the probabilities, and one that the model cannot have is told of", async () => {
        const oddsFor = async (prior: string): Promise<number> => {
          await put(page, `src="two.jpg" model="own 70%25.onnx" prior="${prior}"`);
          await page.waitForFunction("camera.faces.length === 2");
          const [face] = await property(page, "faces");
          const { calm = 0, happy = 0 } = face?.probabilities ?? {};
          return calm / happy;
        };
        const trained = await oddsFor("trained");
        const uniform = await oddsFor("uniform");
        expect(trained / uniform).toBeCloseTo(2, 3);
        await page.evaluate("camera.prior = 'calm=0.8'");
        const odds = "camera.faces[0]?.probabilities.calm / camera.faces[0]?.probabilities.happy";
        await page.waitForFunction(`Math.abs(${odds} / ${8 * uniform} - 1) < 0.001`);
        await page.evaluate("camera.prior = 'clam=0.8'");
        await page.waitForFunction("camera.state === 'failed'");
        expect((await told(page)).at(-1)?.[1]).toMatchObject({
          reason: expect.stringContaining('Did you mean "calm"?') as unknown,
        });
      });

      test("an address that is neither image nor video is told of", async () => {
        await put(page, 'src="bare.html"');
        await page.waitForFunction("camera.state === 'failed'");
        expect((await told(page)).find(([name]) => name === "error")?.[1]).toContain(
          "is not an image or a video",
        );
      });

      test("attributes and properties are the same, also if a property was set before the script came", async () => {
        await put(page, 'threshold="2" smooth="-1" facing="sideways"');
        const usual = {
          autostart: false,
          threshold: 0.5,
          smooth: 0.4,
          facing: "user",
          model: null,
          prior: null,
          src: null,
        };
        for (const [name, value] of Object.entries(usual))
          expect([name, await property(page, name as keyof typeof usual)]).toEqual([name, value]);
        await page.evaluate("Object.assign(camera, { threshold: 0.7, smooth: 0, facing: 'environment' })");
        expect(await page.evaluate("camera.outerHTML")).toBe(
          '<vultus-camera threshold="0.7" smooth="0" facing="environment"></vultus-camera>',
        );
        const early = await open(`${server.address}bare.html?early`);
        await early.context().addInitScript(`addEventListener("DOMContentLoaded", () => {
          globalThis.camera = document.createElement("vultus-camera");
          camera.threshold = 0.25;
          document.querySelector("main").append(camera);
        }, { once: true })`);
        await early.goto(`${server.address}bare.html`);
        await early.waitForFunction("customElements.get('vultus-camera')");
        expect(await early.evaluate("[camera.threshold, camera.getAttribute('threshold')]")).toEqual([
          0.25,
          "0.25",
        ]);
        await early.context().close();
      });

      test("the keyboard reaches what it shows, and axe finds nothing", async () => {
        await put(page, "");
        await page.evaluate(axe.source);
        const violations = async (): Promise<string[]> => {
          const found = await page.evaluate<axe.AxeResults>("axe.run('vultus-camera')");
          expect(found.passes.length).toBeGreaterThan(3);
          return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        };
        expect(await violations()).toEqual([]);
        await page.evaluate("camera.focus()");
        await page.keyboard.press("Enter");
        await page.waitForFunction("camera.faces.length === 1");
        expect(await violations()).toEqual([]);
        await page.keyboard.press("Tab");
        await page.locator("vultus-camera button:focus", { hasText: "Stop" }).waitFor();
        await page.keyboard.press("Enter");
        await page.waitForFunction("camera.state === 'off'");
      });
    });

    test("a camera that is refused is a state with a way out, and may be asked for again", async () => {
      const page = await open(`${server.address}bare.html`, []);
      await put(page, "");
      expect(await outcome(page, "start()")).toContain(
        "Access to the camera was denied. Allow it for this page",
      );
      expect(await property(page, "state")).toBe("refused");
      await page.getByRole("alert").waitFor();
      await page.context().grantPermissions(["camera"]);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.waitForFunction("camera.faces.length === 1");
      await page.context().close();
    });

    test("without a model beside the script, it is said what to do", async () => {
      cpSync(at("html", "site"), at("bare", "site"), { recursive: true });
      rmSync(at("bare", "site", "models.json"));
      cpSync(at("html", "bare.html"), at("bare", "bare.html"));
      const bare = await serveFolder(at("bare"));
      const page = await open(`${bare.address}bare.html`);
      await put(page, "");
      expect(await outcome(page, "load()")).toContain("set the attribute model to the URL of one");
      await page.context().close();
      bare.close();
    });

    test("nothing was complained of in all that time", () => {
      expect(complaints).toEqual([]);
    });
  },
);
