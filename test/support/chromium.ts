/** The system's Chromium, for tests that look at pages; without one they skip. */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Its path; `VULTUS_CHROMIUM` names another one. */
export const chromiumPath = process.env.VULTUS_CHROMIUM ?? places.find((path) => existsSync(path));

export function startChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath as string, args: ["--no-sandbox", ...args] });
}
