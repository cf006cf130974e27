/** SVG as text: the palette, the page, and the few elements that all charts use. */

/** Blue, vermilion and green are from Okabe and Ito's (2008) palette, which suits any colour vision. */
export const palette = {
  ink: "#1f2933",
  muted: "#66727f",
  line: "#dde2e8",
  paper: "#ffffff",
  blue: "#0072b2",
  vermilion: "#d55e00",
  green: "#00795a",
} as const;

/** The generic family comes last, so that any machine with a font finds one. */
export const fontFamily = "Helvetica, Arial, sans-serif";

/** Attributes by name; camelCase names are written with hyphens, as in SVG. */
type Attributes = Readonly<Record<string, string | number>>;

/** Returns a complete white document of `width` × `height` pixels around `parts`. Screen readers read out `title`. */
export function svgPage(width: number, height: number, title: string, parts: readonly string[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" font-family="${fontFamily}" font-size="12" fill="${palette.ink}">`,
    `<title>${escapeXml(title)}</title>`,
    rect(0, 0, width, height, { fill: palette.paper }),
    ...parts,
    "</svg>",
  ].join("\n");
}

/** Draws text whose baseline starts (or, by `textAnchor`, is centred or ends) at x, y. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return `<text x="${round(x)}" y="${round(y)}"${written(attributes)}>${escapeXml(content)}</text>`;
}

export function rect(x: number, y: number, width: number, height: number, attributes: Attributes): string {
  const box = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
  return `<rect ${box}${written(attributes)}/>`;
}

export function path(d: string, attributes: Attributes): string {
  return `<path d="${d}"${written(attributes)}/>`;
}

/** Estimates the width of a text in pixels. SVG cannot measure it, so this assumes a wide font such as DejaVu Sans. */
export function widthOf(content: string, fontSize = 12): number {
  return [...content].length * fontSize * 0.6;
}

/** Shortens `content` to `width` pixels, ending in "…". */
export function fitText(content: string, width: number, fontSize = 12): string {
  const letters = [...content];
  const room = Math.floor(width / (fontSize * 0.6));
  return letters.length <= room ? content : `${letters.slice(0, Math.max(0, room - 1)).join("")}…`;
}

/** Formats a share from 0 to 1 as a whole percentage; only exactly 1 becomes 100% and only exactly 0 becomes 0%. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return "<1%";
  if (share > 0.995 && share < 1) return ">99%";
  return `${Math.round(share * 100)}%`;
}

/** Escapes text for an element or a quoted attribute; characters that XML forbids become "�". */
export function escapeXml(content: string): string {
  return content
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "�")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

function written(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => {
      const hyphened = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return ` ${hyphened}="${escapeXml(String(value))}"`;
    })
    .join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
