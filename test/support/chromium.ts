/** The system's Chromium, for browser tests; without it they skip. */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Its path; `VULTUS_CHROMIUM` selects another one. */
export const chromiumPath = process.env.VULTUS_CHROMIUM ?? places.find((path) => existsSync(path));

export function startChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath as string, args: ["--no-sandbox", ...args] });
}
