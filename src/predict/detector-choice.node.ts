/** Which face detector is meant: one that ships, by how it searches, YuNet from the Hugging Face hub, or a file. */

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
  /** An ONNX detector, or `yunet`, which is fetched from the Hugging Face hub; the one that ships where it is left out. */
  readonly path?: string;
}

/** What the option `detector` takes: options, or a word: `fast`, `thorough`, `yunet` or the path of an ONNX detector. */
export type DetectorChoice = string | DetectorOptions;

/** How the detector that ships can search. */
const searches = ["fast", "thorough"] as const;
const YUNET = "yunet";
/** What may stand in place of a file; a file of such a name is `./fast`. */
export const detectorNames: readonly string[] = [...searches, YUNET];

/** OpenCV's zoo on the hub (MIT); its older files, and its quantised ones, have other outputs. */
export const yunetSource: HubFile = {
  repo: "opencv/face_detection_yunet",
  revision: "main",
  file: "face_detection_yunet_2023mar.onnx",
};

export interface Choosing {
  readonly signal?: AbortSignal | undefined;
  /** Hears what a person should know: that the hub does not answer yet, or was not asked, and why. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/**
 * The options with names resolved: `path` is a file that is there, or left out for the detector that ships. YuNet is fetched if
 * the hub's cache lacks it.
 *
 * @throws UsageError for a name or file that is not there, or for YuNet without a network.
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
    `there is no face detector ${path}.${didYouMean(path, detectorNames)} Give ${detectorNames.join(", ")} or the path of an ONNX file`,
  );
}

/** What a person calls the detector: its name, or that of its file. */
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
