/** Decodes every image of a data set once; keeps the bytes in memory up to a budget, and the rest in a file. */

import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FormatError, VultusError } from "../util/errors.ts";
import { makeFolder, reasonOf } from "../util/files.node.ts";
import type { Picture, PictureShape, Sample } from "./dataset.ts";
import { checkUnreadable, type DecodeAllOptions, decodeAll } from "./decode-all.node.ts";
import { pixelHash } from "./pixel-hash.node.ts";
import type { Pixels } from "./pixels.ts";
import type { Unreadable } from "./unreadable.ts";

export interface PixelCacheOptions extends DecodeAllOptions {
  /** Bytes of pixels to keep in memory; images beyond it go to a file in `spillDir`. */
  readonly memoryBudget: number;
  /** Created if missing; used only if the budget is not enough. */
  readonly spillDir: string;
  /** Continue even if more than 1 % of the images cannot be read. */
  readonly allowUnreadable?: boolean;
}

/** The samples are those that could be read, in the given order. */
export interface PixelCache extends Pixels {
  /** Equal for samples with equal pixels in this cache, where they may be reduced to `maxSide`. */
  readonly hashes: readonly string[];
  readonly unreadable: readonly Unreadable[];
  readonly bytesInMemory: number;
  /**
   * Returns the samples at these indices as a separate cache. Its images remain, whichever of the two is closed
   * first.
   */
  part(indices: readonly number[]): PixelCache;
  /** Frees the file once all parts are closed too; to be called when nothing reads any more. */
  close(): void;
}

/** @throws VultusError if more than 1 % of the images cannot be read and this is not allowed. */
export async function loadPixels(
  samples: readonly Sample[],
  options: PixelCacheOptions,
): Promise<PixelCache> {
  const spill = new SpillFile(options.spillDir);
  const found: (Entry | undefined)[] = new Array(samples.length).fill(undefined);
  let bytesInMemory = 0;
  let unreadable: Unreadable[];
  try {
    unreadable = await decodeAll(samples, options, (index, picture) => {
      const fits = bytesInMemory + picture.pixels.length <= options.memoryBudget;
      if (fits) bytesInMemory += picture.pixels.length;
      const sample = samples[index] as Sample;
      found[index] = { sample, hash: pixelHash(picture), stored: fits ? picture : spill.write(picture) };
    });
    if (!options.allowUnreadable) checkUnreadable(unreadable, samples.length);
  } catch (error) {
    spill.remove();
    throw error;
  }
  return cacheOf(
    found.filter((entry) => entry !== undefined),
    spill,
    unreadable,
  );
}

interface Entry {
  readonly sample: Sample;
  readonly hash: string;
  readonly stored: Picture | Spilled;
}

function cacheOf(entries: readonly Entry[], spill: SpillFile, unreadable: readonly Unreadable[]): PixelCache {
  spill.users++;
  let open = true;
  const storedAt = (index: number): Picture | Spilled => {
    const entry = entries[index];
    if (!entry) throw new RangeError(`there is no image ${index} in a cache of ${entries.length}`);
    return entry.stored;
  };
  return {
    samples: entries.map(({ sample }) => sample),
    hashes: entries.map(({ hash }) => hash),
    unreadable,
    bytesInMemory: entries.reduce(
      (sum, { stored }) => sum + ("pixels" in stored ? stored.pixels.length : 0),
      0,
    ),
    shape: storedAt,
    get: (index) => {
      const stored = storedAt(index);
      return "position" in stored ? spill.read(stored) : stored;
    },
    part: (indices) =>
      cacheOf(
        indices.flatMap((index) => entries[index] ?? []),
        spill,
        [],
      ),
    close() {
      if (open && --spill.users === 0) spill.remove();
      open = false;
    },
  };
}

function sizeOf({ width, height, channels }: PictureShape): number {
  return width * height * channels;
}

interface Spilled extends PictureShape {
  readonly position: number;
}

let spillFiles = 0;

/** Images in one file, opened at the first write. The file has no name, so a killed process leaves nothing behind. */
class SpillFile {
  /** Number of caches that may still read. */
  users = 0;
  #size = 0;
  readonly #dir: string;
  readonly #path: string;
  #file: number | undefined;

  constructor(dir: string) {
    this.#dir = dir;
    this.#path = join(dir, `pixels-${process.pid}-${spillFiles++}.tmp`);
  }

  write(picture: Picture): Spilled {
    try {
      return this.#append(picture);
    } catch (error) {
      throw new VultusError(
        `${this.#path} was not written: ${reasonOf(error)}. It stores decoded images that do not fit into --memory`,
      );
    }
  }

  #append({ pixels, ...shape }: Picture): Spilled {
    if (this.#file === undefined) {
      makeFolder(this.#dir);
      this.#file = openSync(this.#path, "wx+");
      // Windows cannot delete open files; there `remove` deletes the file.
      if (process.platform !== "win32") rmSync(this.#path);
    }
    const position = this.#size;
    for (let written = 0; written < pixels.length; ) {
      written += writeSync(this.#file, pixels, written, pixels.length - written, position + written);
    }
    this.#size += pixels.length;
    return { ...shape, position };
  }

  read({ position, ...shape }: Spilled): Picture {
    const pixels = new Uint8Array(sizeOf(shape));
    if (this.#file === undefined) throw new FormatError(`${this.#path} is closed`);
    for (let done = 0; done < pixels.length; ) {
      const count = readSync(this.#file, pixels, done, pixels.length - done, position + done);
      if (count === 0)
        throw new FormatError(`${this.#path} ends at byte ${position + done}; was it truncated?`);
      done += count;
    }
    return { ...shape, pixels };
  }

  remove(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }
}
