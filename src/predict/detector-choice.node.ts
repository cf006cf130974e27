/**
 * Resolves the choice of a face detector: a search mode of the detector that ships, YuNet from the Hugging Face hub, or
 * a file.
 */

import { existsSync } from "node:fs";
import { basename } from "node:path";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { option } from "../util/spelling.ts";
import { fetchFromHub } from "../weights/hub.node.ts";
import { hubSettings } from "../weights/hub-settings.node.ts";
import type { HubFile } from "../weights/sources.ts";
import type { DetectorSettings } from "./onnx-detector.ts";

export interface DetectorOptions extends Partial<DetectorSettings> {
  /**
   * Path of an ONNX detector, or `yunet`, which is fetched from the Hugging Face hub. Default: the detector that ships.
   */
  readonly path?: string;
}

/** The option `detector`: options, or one of `fast`, `thorough`, `yunet` or the path of an ONNX detector. */
export type DetectorChoice = string | DetectorOptions;

/** Search modes of the detector that ships. */
const searches = ["fast", "thorough"] as const;
const YUNET = "yunet";
/** Names that stand for a detector; to use a file of the same name, write `./fast`. */
export const detectorNames: readonly string[] = [...searches, YUNET];

/** OpenCV's zoo on the hub (MIT). Its older and quantised files have different outputs. */
export const yunetSource: HubFile = {
  repo: "opencv/face_detection_yunet",
  revision: "main",
  file: "face_detection_yunet_2023mar.onnx",
};

export interface Choosing {
  readonly signal?: AbortSignal | undefined;
  /** Receives notes for the user: that the hub does not respond yet, or was not asked, and why. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/**
 * Returns the options with names resolved: `path` is an existing file, or undefined for the detector that ships.
 * Fetches YuNet if it is not in the hub's cache.
 *
 * @throws UsageError for an unknown name or missing file, or for YuNet without a network.
 */
export async function chooseDetector(
  choice: DetectorChoice = {},
  { signal, onNote = () => {} }: Choosing = {},
): Promise<DetectorOptions> {
  const { path, ...settings } = typeof choice === "string" ? { path: choice } : choice;
  if (path === undefined) return settings;
  const search = searches.find((name) => name === path);
  if (search) return { ...settings, search };
  if (path === YUNET) return { ...settings, path: await fetchYunet(signal, onNote) };
  if (existsSync(path)) return { ...settings, path };
  throw new UsageError(
    `there is no face detector ${path}.${didYouMean(path, detectorNames)} Use ${detectorNames.join(", ")} or the path of an ONNX file`,
  );
}

/** Returns the display name of the detector: its name or its file name. */
export function nameOfDetector(choice: DetectorChoice = {}): string {
  const { path, search = "thorough" } = typeof choice === "string" ? { path: choice } : choice;
  return path === undefined ? search : basename(path);
}

async function fetchYunet(signal: AbortSignal | undefined, onNote: (text: string) => void): Promise<string> {
  const { path, notes } = await fetchFromHub({
    ...yunetSource,
    ...hubSettings(),
    ...(signal && { signal }),
    onProgress: ({ waiting }) => waiting !== undefined && onNote(`waiting for YuNet: ${waiting}`),
    spell: (file) => option("detector", file),
    without: `${option("detector", "thorough")} and ${option("detector", "fast")} ship with vultus and need no network.`,
  });
  for (const note of notes) onNote(note);
  return path;
}
