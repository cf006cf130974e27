/** Output of commands: the result goes to stdout, everything else to stderr. */

import type { Metric } from "../metrics/metric.ts";
import { widthOf } from "./terminal.ts";
import { cutToFit, lengthOf, wrapped } from "./wrap.ts";

/** Thrown when a result is printed after its reader has gone. */
export class Unread extends Error {}

let unread = false;

/** Makes every further result throw `Unread`. */
export function leaveUnread(): void {
  unread = true;
}

/** Whether the reader of the result has gone. */
export function isUnread(): boolean {
  return unread;
}

let begun = false;

/** Marks the start of a command, which has no result yet. */
export function expectResult(): void {
  begun = false;
}

/** Whether the command has printed all or part of its result, or its reader has gone. */
export function hasResult(): boolean {
  return begun || unread;
}

/** Prints a command's result for a person: on a terminal, lines break between words. */
export function result(text: string): void {
  resultAsIs(wrapped(text, widthOf(process.stdout)));
}

/** Prints a result without breaking its lines, for programs. */
export function resultAsIs(text: string): void {
  if (unread) throw new Unread("the reader of the result has gone");
  clearLine();
  begun = true;
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Prints the result as the single JSON document that `--json` promises. */
export function resultJson(value: unknown): void {
  resultAsIs(JSON.stringify(value, null, 2));
}

/** Prints a message to stderr. */
export function say(text: string): void {
  clearLine();
  process.stderr.write(`${wrapped(text, widthOf(process.stderr))}\n`);
}

let live = 0;

/** Replaces the live line; does nothing without a terminal. */
export function liveLine(text: string): void {
  if (!process.stderr.isTTY) return;
  const shown = cutToFit(text, (widthOf(process.stderr) ?? 80) - 1);
  const length = lengthOf(shown);
  process.stderr.write(`\r${shown}${" ".repeat(Math.max(0, live - length))}`);
  live = length;
}

export function clearLine(): void {
  if (live === 0) return;
  process.stderr.write(`\r${" ".repeat(live)}\r`);
  live = 0;
}

/** Formats seconds as `1 h 02 min`, `3 min 05 s` or `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600)
    return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${s} s`;
}

/** Formats a metric's value; a dash if it is not defined. */
export function metricText({ format }: Pick<Metric, "format">, value: number): string {
  if (Number.isNaN(value)) return "–";
  return format === "percent" ? percent(value) : value.toFixed(4);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
