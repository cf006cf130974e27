/** The state from which a browser training resumes: in memory after each checkpoint, and as bytes in a store of the page. */

import { decodeSafetensors, encodeSafetensorsParts } from "../formats/safetensors.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { differences } from "./differences.ts";
import { type Progress, progressSchema } from "./progress.ts";

/** A checkpoint, with the best weights so far. */
export interface KeptState {
  /** Weights and the optimizer's state. */
  readonly tensors: StateDict;
  /** Empty before the end of the first epoch. */
  readonly best: StateDict;
  readonly progress: Progress;
}

/** What must be equal for a training to resume, as JSON; errors name the parts by these keys. */
export type Identity = Readonly<Record<"model" | "classes" | "examples" | "recipe", unknown>>;

const BEST = "best/";

/** Encodes the state as one block of bytes. `device` is the device that computed its numbers. */
export function encodeState(
  { tensors, best, progress }: KeptState,
  of: Identity,
  device: string,
): Uint8Array {
  const all: StateDict = new Map(tensors);
  for (const [name, tensor] of best) all.set(BEST + name, tensor);
  const metadata = { progress: JSON.stringify(progress), identity: JSON.stringify(of), device };
  const parts = encodeSafetensorsParts(all, metadata);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Decodes the state in a store, and the device that it comes from.
 *
 * @throws FormatError for bytes that are not a checkpoint; UsageError for the checkpoint of another training.
 */
export function decodeState(
  bytes: Uint8Array,
  of: Identity,
): { readonly state: KeptState; readonly device: string } {
  const name = "the checkpoint";
  const { tensors: all, metadata } = decodeSafetensors(bytes, name);
  let progress: Progress;
  let then: Identity;
  try {
    progress = progressSchema.parse(JSON.parse(metadata.progress ?? "null"));
    then = JSON.parse(metadata.identity ?? "{}") as Identity;
  } catch (error) {
    throw new FormatError(`${name} is damaged: ${messageOf(error)}; clear it to train from the start`);
  }
  const now = JSON.parse(JSON.stringify(of)) as Identity;
  const changed = (Object.keys(of) as (keyof Identity)[]).filter(
    (key) => differences(then[key], now[key]).length > 0,
  );
  if (changed.length > 0)
    throw new UsageError(
      `${name} belongs to another training (these differ: ${changed.join(", ")}); use what that training started with, or clear the ` +
        "checkpoint to train from the start",
    );
  const isBest = (key: string): boolean => key.startsWith(BEST);
  const best = [...all].filter(([key]) => isBest(key));
  return {
    state: {
      tensors: new Map([...all].filter(([key]) => !isBest(key))),
      best: new Map(best.map(([key, tensor]) => [key.slice(BEST.length), tensor])),
      progress,
    },
    device: metadata.device ?? "unknown",
  };
}
