/**
 * Compares the same face crops in Node and in Chromium: how much the probabilities differ, and how often the labels agree.
 *
 * `npm run build && node --import tsx bench/browser.ts FER2013/validation [--limit 500]`: classifies every image below the folder
 * with the shipped model. Fails if a probability differs by more than 2e-3 or fewer than 99.5 % of the labels agree.
 */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { picturesBelow } from "../src/data/folder.node.ts";
import { loadModel, predictFiles } from "../src/predict/model.node.ts";
import { shippedModel } from "../src/weights/shipped.node.ts";
import { buildPage } from "../test/support/browser-build.ts";
import { startChromium } from "../test/support/chromium.ts";
import { serveFolder } from "../test/support/static-server.ts";

const { values, positionals } = parseArgs({ options: { limit: { type: "string" } }, allowPositionals: true });
const [pictures] = positionals;
if (!pictures) throw new Error("name a folder of face crops");
const files = [...picturesBelow(resolve(pictures))].slice(0, Number(values.limit ?? 1e9));

const node = await loadModel(undefined, { detector: false, threads: 2 });
const { classes } = node;
const ours: number[][] = [];
for await (const { faces } of predictFiles(node, files))
  ours.push(classes.map((name) => faces[0]?.probabilities[name] ?? Number.NaN));
await node.close();

const source = mkdtempSync(join(tmpdir(), "vultus-browser-"));
const entry = fileURLToPath(new URL("../src/web.ts", import.meta.url));
writeFileSync(join(source, "index.html"), `<script type="module" src="./main.ts"></script>`);
writeFileSync(
  join(source, "main.ts"),
  `import { loadModel, predict } from ${JSON.stringify(entry)};
   const model = await loadModel("model.onnx", { device: "cpu" });
   globalThis.answers = async (paths) => {
     const rows = [];
     for (const path of paths) {
       const image = await (await fetch(path)).blob();
       rows.push(Object.values((await predict(model, image)).faces[0].probabilities));
     }
     return rows;
   };`,
);
const site = join(source, "site");
await buildPage(source, site);
cpSync(shippedModel(), join(site, "model.onnx"));
cpSync(resolve(pictures), join(site, "pictures"), { recursive: true });
const server = await serveFolder(site, { isolated: true });
const browser = await startChromium();
const page = await browser.newPage();
await page.goto(server.address);
await page.waitForFunction("globalThis.answers", null, { timeout: 300_000 });
const theirs: number[][] = [];
const started = performance.now();
for (let start = 0; start < files.length; start += 100) {
  const paths = files
    .slice(start, start + 100)
    .map((file) => `pictures/${relative(resolve(pictures), file)}`);
  theirs.push(...(await page.evaluate<number[][]>(`answers(${JSON.stringify(paths)})`)));
}
const seconds = (performance.now() - started) / 1000;
await browser.close();
server.close();
rmSync(source, { recursive: true });

const top = (row: readonly number[]): number => row.indexOf(Math.max(...row));
let [farthest, agreeing] = [0, 0];
for (const [i, row] of ours.entries()) {
  const other = theirs[i] ?? [];
  farthest = row.reduce(
    (most, value, k) => Math.max(most, Math.abs(value - (other[k] ?? Number.NaN))),
    farthest,
  );
  if (top(row) === top(other)) agreeing++;
}
console.log(
  JSON.stringify({
    pictures: files.length,
    maxProbabilityDifference: farthest,
    sameLabel: agreeing / files.length,
    browserPicturesPerSecond: files.length / seconds,
  }),
);
if (!(farthest <= 2e-3 && agreeing >= 0.995 * files.length)) process.exitCode = 1;
