/** Options that several commands share, and how their values are read. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { defaults } from "../jobs/defaults.ts";
import type { DetectorOptions } from "../predict/detector-choice.node.ts";
import { UsageError } from "../util/errors.ts";
import { callTo, type Options } from "../util/spelling.ts";

/** Sets the exit code of a command that finished with some failures. */
export type SetExitCode = (code: number) => void;

export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** Returns a parser for a number within limits. */
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

/** Parses `0.5s`, `500ms` or `0.5` as seconds. */
export function secondsOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)?$/.exec(text.trim()) ?? [];
  if (number === undefined) throw new InvalidArgumentError("Give a time such as 0.5s or 500ms.");
  return Number(number) / (unit === "ms" ? 1000 : 1);
}

/** Adds the options for where programs run. `threads` describes the default number of threads. */
export function withDevice(command: Command, threads = "all cores"): Command {
  return command
    .addOption(
      new Option("--device <name>", "device that the model runs on")
        .choices(["auto", "cpu", "webgpu", "cuda", "dml", "coreml"])
        .default("auto"),
    )
    .option("--threads <n>", `threads of the CPU provider (default: ${threads})`, numberOf(1, 1024, true));
}

/** Adds the options for what names in the data mean (a class, or none) and which labels are wrong. */
export function withNaming(command: Command): Command {
  return command
    .option(
      "--rename <name=class>",
      'class of a folder or label whose name is unclear, such as "not sure=neutral"; may be repeated',
      (text: string, earlier: Readonly<Record<string, string>> | undefined) => ({
        ...earlier,
        ...renameOf(text),
      }),
    )
    .option(
      "--not-a-class <a,b,…>",
      "folders, labels or vote columns that are not a class, such as unknown,not_a_face: their images are left out, and votes for them still count towards the number of people asked",
      listOf,
    )
    .option("--corrections <file>", "file of labels that a person corrected, as written by review");
}

/** Parses `"sad =(=sad"`: the part after the last `=` is the class. */
function renameOf(text: string): Readonly<Record<string, string>> {
  const at = text.lastIndexOf("=");
  const [name, target] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at < 0 || name === "" || target === "")
    throw new InvalidArgumentError('Give a name from the data and its class, such as "Happy Faces=happy".');
  return { [name]: target };
}

/** Adds the options for how faces are found in photos; `detectorOf` reads the values. @param usual the default, as named in the help. */
export function withDetector(command: Command, usual = "thorough"): Command {
  return command
    .option(
      "--detector <name>",
      `how to find faces: thorough, including small ones; fast, only faces larger than about a twelfth of the photo's longer side, in half the time; yunet, OpenCV's detector, fetched from the Hugging Face hub; or an ONNX file (default: ${usual})`,
    )
    .addOption(
      new Option(
        "--rotate <when>",
        "auto: unless an upright face is certain, also search the photo rotated by 90, 180 and 270 degrees (default: none)",
      ).choices(["auto", "none"]),
    )
    .option(
      "--detector-size <px>",
      "search like thorough, but with the photo's longer side scaled to at most this; a multiple of 32",
      numberOf(32, 4096, true),
    )
    .option(
      "--detector-threshold <share>",
      "minimum score of a face (default: 0.5; yunet: 0.7)",
      numberOf(0, 1),
    );
}

/**
 * Returns a hint on how the same call finds more faces: small ones after `fast`, else faces that lie on their side. Undefined if
 * it already looked for these, or was told not to.
 */
export function moreFaces(
  job: string,
  { detector, rotate }: Pick<DetectorFlags, "detector" | "rotate">,
  options: Options,
): string | undefined {
  if (detector === "fast")
    return `to also find small faces: ${callTo(job, { ...options, detector: "thorough" })}`;
  if (rotate !== undefined) return undefined;
  return `to also find faces that lie on their side: ${callTo(job, { ...options, rotate: "auto" })}`;
}

export interface DetectorFlags {
  readonly detector?: string | undefined;
  readonly detectorSize?: number | undefined;
  readonly detectorThreshold?: number | undefined;
  readonly rotate?: "auto" | "none" | undefined;
}

/** Picks the detector flags from all options of a command. */
export function detectorFlags(options: DetectorFlags): DetectorFlags {
  const { detector, detectorSize, detectorThreshold, rotate } = options;
  return { detector, detectorSize, detectorThreshold, rotate };
}

/** @throws UsageError if both a search method and a size are given, since one would have no effect. */
export function detectorOf(flags: DetectorFlags): DetectorOptions {
  const { detector, detectorSize, detectorThreshold, rotate } = flags;
  if (detectorSize !== undefined && (detector === "fast" || detector === "thorough"))
    throw new UsageError(
      `--detector-size ${detectorSize} overrides --detector ${detector}; leave out one of them`,
    );
  return {
    ...(detector !== undefined && { path: detector }),
    ...(detectorSize !== undefined && { size: detectorSize }),
    ...(detectorThreshold !== undefined && { threshold: detectorThreshold }),
    ...(rotate !== undefined && { rotate }),
  };
}

/** Adds the options for which images and classes to use. */
export function withData(command: Command): Command {
  return withNaming(command)
    .option("--classes <a,b,…>", "classes to use, in this order (default: all classes found)", listOf)
    .option("--allow-unreadable", "continue even if more than 1 % of the images cannot be read", false);
}

/** Adds the option for the class prior of the probabilities. */
export function withPriorOption(
  command: Command,
  usual = "the one that the model's file was exported for",
): Command {
  return command.option(
    "--prior <prior>",
    `shift probabilities to a class prior: trained, uniform, uniform:0.5 (half way to uniform), or shares such as happy=0.3,neutral=0.4; the other classes divide the rest as in training (default: ${usual})`,
  );
}

/** Adds the options for which images are scored, and how they are read. */
export function withLabelled(command: Command): Command {
  return withReading(command).option(
    "--split <name>",
    "train, validation, test or all (default: validation if there is one, else all)",
  );
}

/** Adds the options for how labelled images are read. */
export function withReading(command: Command): Command {
  return withNaming(command)
    .option("--exclude <file>", "images to leave out, one id per line, as data audit --out writes them")
    .option("--allow-unreadable", "continue even if more than 1 % of the images cannot be read", false)
    .option("--memory <GB>", "memory for decoded images", numberOf(0.1, 1000), defaults.memory);
}

/** Collects the values of an option that may be repeated. */
export function collected(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}
