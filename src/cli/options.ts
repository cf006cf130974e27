/** Options that several commands share, and how their values are read. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { defaults } from "../jobs/defaults.ts";
import type { DetectorOptions } from "../predict/detector-choice.node.ts";
import { UsageError } from "../util/errors.ts";
import { callTo, type Options } from "../util/spelling.ts";

/** Sets the exit code of a command that finished, but not without failures. */
export type SetExitCode = (code: number) => void;

export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** A number with its limits. */
export function numberOf(low: number, high: number, whole = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (
      text.trim() === "" ||
      !Number.isFinite(value) ||
      value < low ||
      value > high ||
      (whole && !Number.isInteger(value))
    ) {
      throw new InvalidArgumentError(`Give a ${whole ? "whole " : ""}number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** `0.5s`, `500ms` or `0.5` as seconds. */
export function secondsOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)?$/.exec(text.trim()) ?? [];
  if (number === undefined) throw new InvalidArgumentError("Give a time such as 0.5s or 500ms.");
  return Number(number) / (unit === "ms" ? 1000 : 1);
}

/** Where programs run; `threads` says how many there usually are. */
export function withDevice(command: Command, threads = "all cores"): Command {
  return command
    .addOption(
      new Option("--device <name>", "where the model runs")
        .choices(["auto", "cpu", "webgpu", "cuda", "dml", "coreml"])
        .default("auto"),
    )
    .option("--threads <n>", `threads of the CPU provider (default: ${threads})`, numberOf(1, 1024, true));
}

/** What names in the data mean: which class, or none; and which labels are wrong. */
export function withNaming(command: Command): Command {
  return command
    .option(
      "--rename <name=class>",
      'the class of a folder or label whose name does not tell it, such as "not sure=neutral"; may be repeated',
      (text: string, earlier: Readonly<Record<string, string>> | undefined) => ({
        ...earlier,
        ...renameOf(text),
      }),
    )
    .option(
      "--not-a-class <a,b,…>",
      "folders, labels or columns of votes that are no class, such as unknown,not_a_face: their images are left out, and votes for them count as people asked",
      listOf,
    )
    .option("--corrections <file>", "labels that a person put right, as review writes them");
}

/** `"sad =(=sad"`: what follows the last `=` is the class. */
function renameOf(text: string): Readonly<Record<string, string>> {
  const at = text.lastIndexOf("=");
  const [name, target] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at < 0 || name === "" || target === "")
    throw new InvalidArgumentError('Give a name in the data and its class, such as "Happy Faces=happy".');
  return { [name]: target };
}

/** How faces are found in photos; `detectorOf` reads the values. @param usual what the help names as the default. */
export function withDetector(command: Command, usual = "thorough"): Command {
  return command
    .option(
      "--detector <name>",
      `how faces are found: thorough, small ones too; fast, those from about a twelfth of the photo's longer side on, in half the time; yunet, OpenCV's, fetched from the Hugging Face hub; or an ONNX file (default: ${usual})`,
    )
    .addOption(
      new Option(
        "--rotate <when>",
        "auto: unless an upright face is sure, also search the photo turned by a quarter, a half and three quarters (default: none)",
      ).choices(["auto", "none"]),
    )
    .option(
      "--detector-size <px>",
      "search as thorough does, but look no closer than a photo of this longer side shows; a multiple of 32",
      numberOf(32, 4096, true),
    )
    .option(
      "--detector-threshold <share>",
      "least score of a face (default: 0.5; yunet: 0.7)",
      numberOf(0, 1),
    );
}

/**
 * How the same call finds more faces: small ones after `fast`, else those that lie on their side; undefined where it looked for
 * these, or was told not to.
 */
export function moreFaces(
  job: string,
  { detector, rotate }: Pick<DetectorFlags, "detector" | "rotate">,
  options: Options,
): string | undefined {
  if (detector === "fast")
    return `to find small faces too: ${callTo(job, { ...options, detector: "thorough" })}`;
  if (rotate !== undefined) return undefined;
  return `to find faces that lie on their side: ${callTo(job, { ...options, rotate: "auto" })}`;
}

export interface DetectorFlags {
  readonly detector?: string | undefined;
  readonly detectorSize?: number | undefined;
  readonly detectorThreshold?: number | undefined;
  readonly rotate?: "auto" | "none" | undefined;
}

/** The flags alone, of all options of a command. */
export function detectorFlags(options: DetectorFlags): DetectorFlags {
  const { detector, detectorSize, detectorThreshold, rotate } = options;
  return { detector, detectorSize, detectorThreshold, rotate };
}

/** @throws UsageError for a way to search and a size, of which one would be passed over. */
export function detectorOf(flags: DetectorFlags): DetectorOptions {
  const { detector, detectorSize, detectorThreshold, rotate } = flags;
  if (detectorSize !== undefined && (detector === "fast" || detector === "thorough"))
    throw new UsageError(
      `--detector-size ${detectorSize} replaces what --detector ${detector} chooses; leave out one of them`,
    );
  return {
    ...(detector !== undefined && { path: detector }),
    ...(detectorSize !== undefined && { size: detectorSize }),
    ...(detectorThreshold !== undefined && { threshold: detectorThreshold }),
    ...(rotate !== undefined && { rotate }),
  };
}

/** Which images, and which classes of them. */
export function withData(command: Command): Command {
  return withNaming(command)
    .option("--classes <a,b,…>", "classes to use, in this order (default: all that are found)", listOf)
    .option("--allow-unreadable", "go on where more than 1 % of the images cannot be read", false);
}

/** The class prior that probabilities are for. */
export function withPriorOption(command: Command, usual = "as the model's file was exported"): Command {
  return command.option(
    "--prior <prior>",
    `shift probabilities to a class prior: trained, uniform, uniform:0.5 (half way to uniform), or shares such as happy=0.3,neutral=0.4, of which the other classes divide the rest as in training (default: ${usual})`,
  );
}

/** Which images are scored, and how they are read. */
export function withLabelled(command: Command): Command {
  return withReading(command).option(
    "--split <name>",
    "train, validation, test or all (default: validation where there is one, else all)",
  );
}

/** How labelled images are read. */
export function withReading(command: Command): Command {
  return withNaming(command)
    .option("--exclude <file>", "images to leave out, one id per line, as data audit --out writes them")
    .option("--allow-unreadable", "go on where more than 1 % of the images cannot be read", false)
    .option("--memory <GB>", "memory for decoded images", numberOf(0.1, 1000), defaults.memory);
}

/** Values of an option that may be repeated. */
export function collected(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}
