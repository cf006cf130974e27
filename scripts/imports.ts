/** The import graph of the files: for builds that follow their sources, and for the architecture tests. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Import {
  readonly specifier: string;
  /** `import type`, which leaves no trace at run time. */
  readonly typeOnly: boolean;
  /** `import(…)`, which loads a file when it is needed. */
  readonly lazy: boolean;
}

/** Every import and re-export of a module, static or dynamic. */
export function importsOf(text: string): Import[] {
  const statements = /^(?:import|export)\s+(type\s)?[^"=(;]*"([^"]+)"/gm;
  const dynamic = /\bimport\(\s*"([^"]+)"\s*\)/g;
  return [
    ...[...text.matchAll(statements)].map(([, type, specifier]) => ({
      specifier: specifier as string,
      typeOnly: type !== undefined,
      lazy: false,
    })),
    ...[...text.matchAll(dynamic)].map(([, specifier]) => ({
      specifier: specifier as string,
      typeOnly: false,
      lazy: true,
    })),
  ];
}

/**
 * Returns the files at `entries` and all files that they reach by relative imports; `follows` selects the imports, including type
 * imports.
 */
export function reachable(
  entries: readonly string[],
  follows: (one: Import) => boolean = () => true,
): string[] {
  const found = new Set(entries);
  // A Set is iterated in insertion order, including elements that are added during the iteration.
  for (const path of found) {
    if (!/\.tsx?$/.test(path)) continue;
    for (const one of importsOf(readFileSync(path, "utf8"))) {
      const target = join(dirname(path), one.specifier);
      if (one.specifier.startsWith(".") && follows(one) && existsSync(target)) found.add(target);
    }
  }
  return [...found];
}
