/** One cell of a CSV file (RFC 4180): quoted where its text would be read as something else. */

/** Outer spaces count too, since readers may trim them. */
export function csvCell(text: string): string {
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A row without its line end. */
export function csvRow(cells: readonly string[]): string {
  return cells.map(csvCell).join(",");
}
