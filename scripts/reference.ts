/**
 * Writes the generated pages of `docs/reference/`: `npm run docs:reference`. The pages on commands and recipes are committed;
 * those on the library change with every doc comment, so only the site has them.
 */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiPages } from "./reference/api.ts";
import { commandsPage } from "./reference/commands.ts";
import { recipesPage } from "./reference/recipes.ts";

const folder = fileURLToPath(new URL("../docs/reference/", import.meta.url));

/** The pages that are committed, by their names. */
export async function committedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["commands.md", await commandsPage()],
    ["recipes.md", recipesPage()],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const api = join(folder, "api");
  rmSync(api, { recursive: true, force: true });
  mkdirSync(api, { recursive: true });
  for (const [name, text] of await committedPages()) writeFileSync(join(folder, name), text);
  for (const [name, text] of apiPages()) writeFileSync(join(api, name), text);
}
