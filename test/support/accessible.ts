/** Accessibility checks of a page: axe finds no violations, and nothing exceeds its width. */

import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate<axe.AxeResults>("axe.run()");
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  expect(passes.length).toBeGreaterThan(10);
  await expectFits(page);
}

/** Zoom of 200 % and 400 % leaves 640 and 320 of 1280 px. The last size is the one of other tests. */
const looks = [
  { colorScheme: "dark", width: 1280, dir: "ltr" },
  { colorScheme: "light", width: 640, dir: "ltr" },
  { colorScheme: "dark", width: 390, dir: "rtl" },
  { colorScheme: "light", width: 320, dir: "ltr" },
  { colorScheme: "light", width: 1280, dir: "ltr" },
] as const;

/** The same in dark mode, on a phone, from right to left, and zoomed. */
export async function expectAccessibleInEveryLook(page: Page): Promise<void> {
  for (const { colorScheme, width, dir } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(`document.documentElement.dir = "${dir}"`);
    await expectAccessible(page);
  }
}

export async function expectFits(page: Page): Promise<void> {
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  expect(await page.evaluate(overflow)).toBe(0);
}
