/** The library in a browser, through its public entry: the example, bundled like a user's page. */

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import { pictureOfRgba } from "../src/data/rgba.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { shippedModel } from "../src/weights/shipped.node.ts";
import { buildPage } from "./support/browser-build.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { clearFace, composite } from "./support/composites.ts";
import { serveFolder } from "./support/static-server.ts";

test.skipIf(chromiumPath === undefined)(
  "the example says of an image what Node says",
  { timeout: 400_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "vultus-browser-"));
    await buildPage(fileURLToPath(new URL("../examples/browser", import.meta.url)), folder);
    const face = clearFace;
    const { pixels, width, height } = composite(500, 400, [{ face, x: 260, y: 200, side: 180 }]);
    const photo = join(folder, "photo.jpg");
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .toColourspace("srgb")
      .jpeg()
      .toFile(photo);
    const server = await serveFolder(folder);
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.setDefaultTimeout(300_000);
      await page.goto(server.address);
      const output = page.locator("output", { hasText: "{" });
      const [said = "", numbers = "{}"] = (await output.textContent())?.split(/ (?=\{)/) ?? [];
      expect(errors).toEqual([]);
      const node = await loadModel();
      const { faces } = await predict(node, photo, { threshold: 0.5 });
      await node.close();
      expect(faces).toHaveLength(1);
      expect(said).toBe(faces[0]?.label ?? "not sure");
      const probabilities = JSON.parse(numbers) as Record<string, number>;
      expect(Object.keys(probabilities)).toEqual(node.classes);
      for (const [name, value] of Object.entries(faces[0]?.probabilities ?? {}))
        expect(Math.abs((probabilities[name] ?? Number.NaN) - value)).toBeLessThan(2e-3);
    } finally {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true });
    }
  },
);

test.skipIf(chromiumPath === undefined)(
  "WebGPU answers as the CPU and as Node; a processor that only pretends is not chosen",
  { timeout: 400_000 },
  async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), "vultus-webgpu-"));
    await buildPage(fileURLToPath(new URL("support/webgpu-page", import.meta.url)), folder);
    copyFileSync(shippedModel(), join(folder, "model.onnx"));
    const { pixels, width, height } = clearFace;
    const crop = join(folder, "face.png");
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .toColourspace("srgb")
      .png()
      .toFile(crop);
    const server = await serveFolder(folder, { isolated: true });
    // SwiftShader: WebGPU without a GPU, slow and exact.
    const browser = await startChromium([
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--enable-features=Vulkan",
      "--use-vulkan=swiftshader",
    ]);
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(300_000);
      await page.goto(server.address);
      await page.waitForFunction("globalThis.answer");
      if (!(await page.evaluate<boolean>("hasAdapter()"))) skip("this Chromium has no WebGPU");
      const node = await loadModel(shippedModel(), { detector: false });
      const { faces } = await predict(node, crop);
      await node.close();
      for (const [asked, used] of [
        ["auto", "cpu"],
        ["webgpu", "webgpu"],
      ]) {
        const { device, probabilities } = await page.evaluate<{
          device: string;
          probabilities: Probabilities;
        }>(`answer("${asked}")`);
        expect(device).toBe(used);
        for (const [name, value] of Object.entries(faces[0]?.probabilities ?? {}))
          expect(Math.abs((probabilities[name] ?? Number.NaN) - value), `${asked} ${name}`).toBeLessThan(
            2e-3,
          );
      }
      expect(faces).toHaveLength(1);
    } finally {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true });
    }
  },
);

type Probabilities = Readonly<Record<string, number>>;

test("pixels of a canvas: opaque ones as they are, others on white, grey ones as one channel", () => {
  const rgba = (...data: number[]) => ({
    data: Uint8ClampedArray.from(data),
    width: data.length / 4,
    height: 1,
  });
  expect(pictureOfRgba(rgba(10, 20, 30, 255, 0, 0, 0, 0, 100, 0, 0, 51))).toEqual({
    pixels: Uint8Array.of(10, 20, 30, 255, 255, 255, 224, 204, 204),
    width: 3,
    height: 1,
    channels: 3,
  });
  expect(pictureOfRgba(rgba(7, 7, 7, 255, 0, 0, 0, 51))).toEqual({
    pixels: Uint8Array.of(7, 204),
    width: 2,
    height: 1,
    channels: 1,
  });
});
