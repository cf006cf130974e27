/** The page of `teach-page/` in Chromium, and drawn faces that it and Node train on. */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { writeSyntheticFaces } from "../../src/data/synthetic.node.ts";
import { shippedModel } from "../../src/weights/shipped.node.ts";
import { buildPage } from "./browser-build.ts";
import { startChromium } from "./chromium.ts";
import { serveFolder } from "./static-server.ts";
import type { Asked, ServedExample, Taught } from "./teach-page/protocol.ts";

/** SwiftShader: WebGPU without a GPU, slow and exact. */
export const swiftShader = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
];

export interface TeachPage {
  /** The served folder; tests may add files. */
  readonly folder: string;
  readonly page: Page;
  teach(asked: Asked): Promise<Taught>;
  /** The same page, with a fresh worker. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Serves the page, including the shipped models. */
export async function openTeachPage(args: readonly string[] = []): Promise<TeachPage> {
  const folder = mkdtempSync(join(tmpdir(), "vultus-teach-"));
  await buildPage(fileURLToPath(new URL("teach-page", import.meta.url)), folder);
  for (const model of ["vultus_s", "vultus_m"])
    copyFileSync(shippedModel(model), join(folder, `${model}.onnx`));
  const server = await serveFolder(folder, { isolated: true });
  const browser = await startChromium(args);
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  const reload = async (): Promise<void> => {
    await page.goto(server.address);
    await page.waitForFunction("globalThis.teach");
  };
  await reload();
  return {
    folder,
    page,
    teach: (asked) => page.evaluate<Taught>(`teach(${JSON.stringify(asked)})`),
    reload,
    async close() {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Draws faces below `folder`, and returns those of `classes` as examples, in the order in which Node reads them. */
export async function drawFaces(
  folder: string,
  classes: readonly string[],
  counts: { readonly perClass: number; readonly validationPerClass: number },
): Promise<Record<"train" | "validation", ServedExample[]>> {
  mkdirSync(folder, { recursive: true });
  await writeSyntheticFaces(folder, { ...counts, seed: 1 });
  const listed = (split: string): ServedExample[] =>
    classes.flatMap((label) => {
      const files = readdirSync(join(folder, split, label)).sort();
      return files.map((file) => ({ path: `faces/${split}/${label}/${file}`, label }));
    });
  for (const split of ["train", "validation"])
    for (const label of readdirSync(join(folder, split)))
      if (!classes.includes(label)) rmSync(join(folder, split, label), { recursive: true });
  return { train: listed("train"), validation: listed("validation") };
}
