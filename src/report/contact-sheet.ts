/** A contact sheet: a row of faces per class, as they are stored and as training sees them. */

import type { Picture } from "../data/dataset.ts";
import { VultusError } from "../util/errors.ts";
import { svgWithTiles, type Tile } from "./raster.ts";
import { fitText, palette, svgPage, text, widthOf } from "./svg.ts";

export interface ContactSheetRow {
  readonly label: string;
  /** Images of the class in the data set. */
  readonly count: number;
  readonly raw: readonly Picture[];
  readonly augmented: readonly Picture[];
}

const face = 80;
const gap = 6;
const rowHeight = face + 12;
const margin = 20;
const top = 46;

/** Returns a PNG, `scale` pixels per layout pixel. Rows may have different numbers of images, or none. */
export async function contactSheetPng(rows: readonly ContactSheetRow[], scale = 2): Promise<Buffer> {
  if (rows.length === 0) throw new VultusError("There are 0 classes to show; give at least one.");
  const counts = rows.map(({ count }) => `${count.toLocaleString("en-US")} image${count === 1 ? "" : "s"}`);
  const nameWidth = Math.max(
    ...rows.map(({ label }) => Math.min(160, widthOf(label, 14))),
    ...counts.map((count) => widthOf(count, 11)),
  );
  const rawCount = Math.max(...rows.map(({ raw }) => raw.length));
  const augmentedCount = Math.max(...rows.map(({ augmented }) => augmented.length));
  const rawLeft = margin + nameWidth + 20;
  const augmentedLeft = rawLeft + rawCount * (face + gap) + (rawCount > 0 ? 22 : 0);
  const right = augmentedLeft + augmentedCount * (face + gap) - gap;

  const heading = { fill: palette.muted };
  const parts: string[] = [];
  if (rawCount > 0) parts.push(text(rawLeft, top - 14, "as stored", heading));
  if (augmentedCount > 0) parts.push(text(augmentedLeft, top - 14, "as augmented for training", heading));
  const tiles = rows.flatMap(({ label, raw, augmented }, i): Tile[] => {
    const y = top + i * rowHeight;
    const name = { fontSize: 14, fontWeight: "bold" };
    parts.push(
      text(margin, y + face / 2, fitText(label, 160, 14), name),
      text(margin, y + face / 2 + 17, counts[i] as string, { fontSize: 11, fill: palette.muted }),
    );
    const placed = (pictures: readonly Picture[], left: number): Tile[] =>
      pictures.map((picture, j) => ({ picture, x: left + j * (face + gap), y }));
    return [...placed(raw, rawLeft), ...placed(augmented, augmentedLeft)];
  });
  const width = Math.ceil(Math.max(right, rawLeft + 160) + margin);
  const height = top + rows.length * rowHeight - (rowHeight - face) + margin;
  return svgWithTiles(svgPage(width, height, "Contact sheet", parts), tiles, face, scale);
}
