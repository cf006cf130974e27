/**
 * The page in Chromium with a fake camera: seconds to the first result, frames per second with detection, milliseconds per
 * stage, and what a first visit loads.
 *
 * `npm run build && node --import tsx bench/page.ts CLIP.mjpeg [--seconds 30] [--one-thread]`. Make a clip of faces from frames
 * with `ffmpeg -framerate 30 -i frames/%04d.jpg -c:v mjpeg -q:v 3 CLIP.mjpeg`, or from a photo across which the camera pans, with
 * `ffmpeg -loop 1 -framerate 30 -i PHOTO -t 8 -vf "crop=W:H:(iw-W)/2*(1+sin(PI*t/2)):(ih-H)/2,scale=640:480" -c:v mjpeg -q:v 3
 * -pix_fmt yuvj420p CLIP.mjpeg`. On a busy machine a frame rate means little, so the load is printed too.
 */

import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { startChromium } from "../test/support/chromium.ts";
import { serveFolder } from "../test/support/static-server.ts";

const { values, positionals } = parseArgs({
  options: { seconds: { type: "string", default: "30" }, "one-thread": { type: "boolean" } },
  allowPositionals: true,
});
const [clip] = positionals;
if (!clip) throw new Error("name a clip of faces, as MJPEG");

const built = fileURLToPath(new URL("../dist/web", import.meta.url));
const server = await serveFolder(built, { isolated: !values["one-thread"] });
const browser = await startChromium([
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-video-capture=${clip}`,
]);
const context = await browser.newContext({ permissions: ["camera"] });
context.setDefaultTimeout(300_000);
const page = await context.newPage();
const started = performance.now();
const since = (): number => Math.round(performance.now() - started) / 1000;
await page.goto(`${server.address}#camera`);
await page.locator(".model-chip").first().waitFor();
const ready = since();
await page.getByRole("button", { name: "Start the camera" }).click();
await page.locator(".overlay .box").first().waitFor({ state: "attached" });
const firstResult = since();
await page.waitForTimeout(1000 * Number(values.seconds));
const pace = (await page.locator(".speed").textContent()) ?? "";
const runs = await page.locator(".model-state").textContent();
await browser.close();
server.close();

const sizes = (keep: (name: string) => boolean): number =>
  readdirSync(built, { recursive: true, encoding: "utf8" })
    .filter(keep)
    .reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).length, 0);
const isOrt = (name: string): boolean => /\/ort[.-]/.test(name);
console.log(
  JSON.stringify({
    runs,
    secondsToReady: ready,
    secondsToFirstResult: firstResult,
    framesPerSecond: Number(/^[\d.]+/.exec(pace)?.[0]),
    pace,
    load: loadavg().map((load) => Number(load.toFixed(1))),
    gzipped: {
      ownCodeAndStyle: sizes((name) => /\.(js|css|html)$/.test(name) && !isOrt(name) && !/watch/.test(name)),
      runtimeWasm: sizes((name) => isOrt(name) && name.includes("wasm") && !/asyncify|webgpu/.test(name)),
      models: sizes((name) => name.endsWith(".onnx")),
    },
  }),
);
