/** Writes a manifest, without ever replacing a file. Problems are reported before the long work begins. */

import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { manifestText } from "../data/write-manifest.ts";
import { UsageError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";

export interface NewManifest {
  /** @throws UsageError for a data set that no manifest can describe. */
  check(dataset: Dataset): void;
  write(dataset: Dataset): void;
}

/** @throws UsageError if `out` exists. */
export function newManifest(out: string): NewManifest {
  if (existsSync(out))
    throw new UsageError(`${out} already exists and is not overwritten. Give another --out`);
  // Paths are relative to the manifest's own folder, with forward slashes.
  const text = (dataset: Dataset): string =>
    manifestText(dataset, (file) =>
      relative(dirname(resolve(out)), resolve(file))
        .split(sep)
        .join("/"),
    );
  return {
    check: (dataset) => void text(dataset),
    write: (dataset) => writeFileAtomic(out, text(dataset)),
  };
}
