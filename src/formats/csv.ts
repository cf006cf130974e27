/** Returns one cell of a CSV file (RFC 4180), quoted if its text would otherwise be misread. */

/** Outer spaces need quotes too, because readers may trim them. */
export function csvCell(text: string): string {
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Returns a row without its line end. */
export function csvRow(cells: readonly string[]): string {
  return cells.map(csvCell).join(",");
}
