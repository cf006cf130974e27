/**
 * Measures whether the grid of `vultus review` keeps up with a person (docs/how-to/review.md), in Chromium:
 *
 *     vultus review DATA --model vultus_s --corrections /tmp/tried.csv      # in another terminal; prints URL
 *     node --import tsx bench/review-page.ts URL
 *
 * Prints milliseconds until the grid is there, milliseconds per key (including the round trip between Playwright and the
 * browser), and the tasks that blocked the page for more than 50 ms while keys were pressed and the wheel was turned. Decisions
 * are undone.
 */

import { chromium } from "playwright-core";

const KEYS = 20;

const [url] = process.argv.slice(2);
if (!url) throw new Error("usage: node --import tsx bench/review-page.ts URL");
const browser = await chromium.launch({ executablePath: process.env.VULTUS_CHROMIUM ?? "/usr/bin/chromium" });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });

const begin = performance.now();
await page.goto(new URL("#view=grid", url).href);
await page.locator(".cell img[src]").first().waitFor();
console.log(
  `opened in ${Math.round(performance.now() - begin)} ms: ${await page.locator(".progress").textContent()}`,
);

await page.evaluate(`
  globalThis.blocked = [];
  new PerformanceObserver((list) => blocked.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask" })
`);
for (const key of ["3", "x", "Enter", "ArrowDown", "PageDown"]) {
  const start = performance.now();
  for (let i = 0; i < KEYS; i++) await page.keyboard.press(key);
  console.log(`${key}: ${((performance.now() - start) / KEYS).toFixed(0)} ms`);
}
for (let i = 0; i < 60; i++) {
  await page.mouse.wheel(0, 1500);
  await page.waitForTimeout(16);
}
for (let i = 0; i < 3 * KEYS; i++) await page.keyboard.press("u");
const blocked = await page.evaluate<number[]>("blocked");
console.log(`tasks above 50 ms: ${blocked.length}, the longest ${Math.round(Math.max(0, ...blocked))} ms`);
console.log(`cells in the page: ${await page.locator(".cell").count()}`);
await browser.close();
