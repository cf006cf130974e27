/** Where a command writes: its result to stdout, everything else to stderr. */

import type { Metric } from "../metrics/metric.ts";
import { widthOf } from "./terminal.ts";
import { cutToFit, lengthOf, wrapped } from "./wrap.ts";

/** Thrown in place of a result that nobody reads any more. */
export class Unread extends Error {}

let unread = false;

/** From now on, a result throws `Unread`. */
export function leaveUnread(): void {
  unread = true;
}

/** Whether whoever read the result has stopped. */
export function isUnread(): boolean {
  return unread;
}

let begun = false;

/** A command begins: it has no result yet. */
export function expectResult(): void {
  begun = false;
}

/** Whether the command has printed its result, or some of it, or nobody reads it. */
export function hasResult(): boolean {
  return begun || unread;
}

/** The result of a command, for a person: on a terminal, lines break between words. */
export function result(text: string): void {
  resultAsIs(wrapped(text, widthOf(process.stdout)));
}

/** A result whose lines must stay whole, for a program or to be pasted into one. */
export function resultAsIs(text: string): void {
  if (unread) throw new Unread("nobody reads the result");
  clearLine();
  begun = true;
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** The result as the one JSON document that `--json` promises. */
export function resultJson(value: unknown): void {
  resultAsIs(JSON.stringify(value, null, 2));
}

/** Something said beside the result. */
export function say(text: string): void {
  clearLine();
  process.stderr.write(`${wrapped(text, widthOf(process.stderr))}\n`);
}

let live = 0;

/** Replaces the live line; without a terminal nothing is shown. */
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

/** `1 h 02 min`, `3 min 05 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600)
    return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${s} s`;
}

/** A metric's value; a dash where it is not defined. */
export function metricText({ format }: Pick<Metric, "format">, value: number): string {
  if (Number.isNaN(value)) return "–";
  return format === "percent" ? percent(value) : value.toFixed(4);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
