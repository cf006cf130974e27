/** Predictions with their images: the worst mistakes of each kind, the least confident right predictions, and a sample. */

import { random, shuffled } from "../../util/random.ts";
import { type Face, facesHtml } from "../faces.ts";
import { details, paragraph, pictures, type Section } from "../html.ts";
import { escape } from "../page.ts";
import type { RunRecord } from "../run-record.ts";
import { percent } from "../svg.ts";

/** Number of faces per kind of mistake, of unconfident right predictions, and of the sample. */
const PER_CELL = 6;
const UNSURE = 12;
const SAMPLED = 24;
/** Number of kinds of mistakes shown at first; the others can be opened. */
const OPEN_CELLS = 8;
const MOST_CELLS = 40;

export function misses({ evaluation }: RunRecord, faces: readonly Face[]): Section | undefined {
  if (!evaluation || faces.length === 0) return undefined;
  const { classes, confusion } = evaluation;
  const cells = worstOfCells(faces);
  const rows = cells.slice(0, MOST_CELLS).map(({ truth, predicted, members }) => {
    const title = `${classes[truth]} taken for ${classes[predicted]}`;
    const shown = facesHtml(
      faces,
      members.slice(0, PER_CELL),
      ({ confidence }) => `${percent(confidence)} confident`,
    );
    return `<h3>${escape(title)} <span class="muted">${pictures(confusion[truth]?.[predicted] ?? 0)}</span></h3>${shown}`;
  });
  const unsure = facesHtml(faces, leastSure(faces), (face) => answer(face, classes));
  return {
    id: "misses",
    title: "Where it goes wrong",
    html: [
      rows.length > 0
        ? paragraph(
            "The most confident mistakes, by kind, the most frequent kind first. Some of them may be wrong labels.",
          )
        : paragraph("It made no mistakes."),
      rows.slice(0, OPEN_CELLS).join("\n"),
      rows.length > OPEN_CELLS
        ? details(`${rows.length - OPEN_CELLS} rarer kinds of mistakes`, rows.slice(OPEN_CELLS).join("\n"))
        : "",
      unsure
        ? `<h3>Right, but only just</h3>${paragraph("The least confident right predictions.")}${unsure}`
        : "",
    ].join("\n"),
  };
}

export function samples(faces: readonly Face[], classes: readonly string[]): Section | undefined {
  const order = shuffled(
    faces.map((_, i) => i),
    random("samples"),
  );
  if (order.length === 0) return undefined;
  return {
    id: "samples",
    title: "Sample predictions",
    html: [
      paragraph("Drawn at random from all predictions, right and wrong, with a fixed seed."),
      facesHtml(faces, order.slice(0, SAMPLED), (face) => answer(face, classes)),
    ].join("\n"),
  };
}

function isRight({ truth, predicted }: Face): boolean {
  return truth === predicted;
}

function answer(face: Face, classes: readonly string[]): string {
  const said = `${escape(classes[face.predicted] ?? "")} ${percent(face.confidence)}`;
  return isRight(face)
    ? `<span class="right">${said}</span>`
    : `<span class="wrong">${said}</span><br>is ${escape(classes[face.truth] ?? "")}`;
}

interface Cell {
  readonly truth: number;
  readonly predicted: number;
  /** Indices of faces, the most confident first. */
  readonly members: readonly number[];
}

/** Returns every kind of mistake that occurs, the most frequent first. */
function worstOfCells(faces: readonly Face[]): Cell[] {
  const cells = new Map<string, { truth: number; predicted: number; members: number[] }>();
  for (const [index, face] of faces.entries()) {
    if (isRight(face)) continue;
    const { truth, predicted } = face;
    const cell = cells.get(`${truth} ${predicted}`) ?? { truth, predicted, members: [] };
    cell.members.push(index);
    cells.set(`${truth} ${predicted}`, cell);
  }
  const surest = (a: number, b: number): number => (faces[b]?.confidence ?? 0) - (faces[a]?.confidence ?? 0);
  return [...cells.values()]
    .map((cell) => ({ ...cell, members: cell.members.toSorted(surest) }))
    .sort((a, b) => b.members.length - a.members.length);
}

function leastSure(faces: readonly Face[]): number[] {
  return faces
    .flatMap((face, index) => (isRight(face) ? [{ index, confidence: face.confidence }] : []))
    .sort((a, b) => a.confidence - b.confidence)
    .slice(0, UNSURE)
    .map(({ index }) => index);
}
