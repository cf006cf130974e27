/** audit.html of a small data set with every kind of fault: its content, that it makes no requests, and its look in Chromium. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditDataset } from "../src/audit/audit.node.ts";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { auditPage } from "../src/report/audit-page.ts";
import { tileSections } from "../src/report/audit-sections.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { capture } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-audit-page-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let html = "";

beforeAll(async () => {
  const write = async (
    path: string,
    number: number,
    change = (image: Sharp): Sharp => image,
  ): Promise<void> => {
    const { pixels, width, height, channels } = drawFace("happy", "page", number);
    mkdirSync(dirname(at(path)), { recursive: true });
    await change(sharp(pixels, { raw: { width, height, channels } }))
      .png()
      .toFile(at(path));
  };
  for (let i = 0; i < 6; i++) await write(`set/train/happy/${i}.png`, i);
  for (let i = 6; i < 12; i++) await write(`set/train/sad/${i}.png`, i);
  await write("set/train/sad/as happy.png", 0);
  await write("set/validation/happy/leak.png", 1);
  await write("set/train/happy/again.png", 2);
  await write("set/validation/sad/mirror.png", 7, (image) => image.flop());
  await write(`set/validation/sad/<b>"odd" & name.png`, 40);
  for (const name of ["happy", "sad"])
    await sharp({ create: { width: 48, height: 48, channels: 3, background: "#000" } })
      .png()
      .toFile(at(`set/train/${name}/black.png`));
  writeFileSync(at("set/train/sad/broken.png"), "no image");
  const restore = capture();
  expect(await run(["data", "audit", at("set"), "--out", at("out")])).toBe(1);
  restore();
  html = readFileSync(at("out", "audit.html"), "utf8");
});

test("shows what is wrong, the worst first, and what to do", () => {
  const order = [
    "With different labels",
    "In more than one split",
    "Within one split",
    "look the same",
    "Blank",
    "Class balance",
  ];
  const places = order.map((words) => html.indexOf(words));
  expect(places.every((place) => place > 0)).toBe(true);
  const identical = html.slice(html.indexOf('id="identical"'));
  const headings = order.slice(0, 3).map((words) => identical.indexOf(words));
  expect(headings).toEqual(headings.toSorted((a, b) => a - b));
  expect(identical.indexOf("as <wbr>happy") + identical.indexOf("as happy")).toBeLessThan(
    identical.indexOf("leak.png"),
  );
  // Two equal black images with different labels are a group, but it is listed after the faces.
  expect(identical.indexOf("as happy")).toBeLessThan(identical.indexOf("black.png"));
  expect(html).toMatch(/exclude\.txt, next to this page, lists \d+ images/);
  expect(html).toMatch(/1 validation in train, pixel by pixel/);
  expect(html).toMatch(/train\/<wbr>sad\/<wbr>broken\.png|train\/sad\/broken\.png/);
  expect(html).not.toContain("<b>&quot;odd&quot;");
});

test("long lists are cut, and the page reports it", async () => {
  const dataset = await readDataset([at("set")]);
  const audit = await auditDataset(dataset);
  const [group] = audit.duplicates;
  const many = {
    ...audit,
    duplicates: Array.from({ length: 500 }, () => group as NonNullable<typeof group>),
  };
  const [section] = tileSections(many);
  expect(section?.parts[0]).toMatchObject({ found: 500, groups: { length: 60 } });
  const text = await auditPage(many, dataset);
  expect(text).toMatch("500 groups; the first 60 are shown, audit.json has them all");
  // A missing image leaves a gap with a text.
  const moved = {
    ...dataset,
    samples: dataset.samples.map((one) => ({ ...one, source: { kind: "file", path: at("gone") } as const })),
  };
  expect(await auditPage(audit, moved)).toMatch("not shown");
});

describe.skipIf(!chromiumPath)("in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
    ["dark", 390],
  ] as const)(
    "%s, %i px: no request, no overflow, no violation, every image shown",
    async (colorScheme, width) => {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      const asked: string[] = [];
      page.on("request", (request) => {
        if (!/^(file|data):/.test(request.url())) asked.push(request.url());
      });
      await page.goto(pathToFileURL(at("out", "audit.html")).href);
      const found = await page.evaluate(() => ({
        overflows: document.documentElement.scrollWidth > innerWidth,
        broken: [...document.images].filter((image) => image.naturalWidth === 0).length,
        images: document.images.length,
      }));
      expect(found).toMatchObject({ overflows: false, broken: 0 });
      expect(found.images).toBeGreaterThan(8);
      expect(asked).toEqual([]);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate<{ violations: { id: string }[] }>("axe.run()");
      expect(violations.map(({ id }) => id)).toEqual([]);
      await page.close();
    },
  );
});

test("a page of a small set is small", () => {
  expect(statSync(at("out", "audit.html")).size).toBeLessThan(100_000);
});
