/** A self-contained HTML page: it sends no requests, and follows the reader's setting for light or dark. */

import type { Picture } from "../data/dataset.ts";
import { sharp } from "../util/sharp.node.ts";
import { pageStyle } from "./page-style.ts";
import { escapeXml, fontFamily, palette } from "./svg.ts";

export interface Page {
  readonly title: string;
  /** The kind of page; shown above the title. */
  readonly kicker?: string;
  /** Plain text below the title. */
  readonly lead?: string;
  /** HTML of the main part, usually built with `section`. */
  readonly body: string;
  /** Table of contents: the `id`s and titles of the body's sections. */
  readonly contents?: readonly { readonly id: string; readonly title: string }[];
  /** Additional CSS for this kind of page. */
  readonly style?: string;
  /** JavaScript; the page must be complete without it. */
  readonly script?: string;
}

/** Returns the whole document. Its policy forbids all requests, so that even a bug in a body cannot leak anything. */
export function page({ title, kicker, lead, body, contents = [], style = "", script }: Page): string {
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${pageStyle}${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
${kicker ? `<p class="kicker">${escape(kicker)}</p>` : ""}
<h1>${escape(title)}</h1>
${lead ? `<p class="lead">${escape(lead)}</p>` : ""}
</header>
<div${contents.length > 0 ? ' class="columns"' : ""}>
${contentsList(contents)}
<main id="main">
${body}
</main>
</div>
<footer>Made by vultus. This file is self-contained and sends no requests.</footer>
${script ? `<script>${script.replaceAll("</", "<\\/")}</script>` : ""}
</body>
</html>
`;
}

/** Returns a part of a page with its own heading; `html` is its content. */
export function section({ id, title, html }: { id: string; title: string; html: string }): string {
  return `<section id="${escape(id)}" aria-labelledby="${escape(id)}-title">
<h2 id="${escape(id)}-title">${escape(title)}</h2>
${html}
</section>`;
}

function contentsList(contents: NonNullable<Page["contents"]>): string {
  if (contents.length === 0) return "";
  const items = contents.map(({ id, title }) => `<li><a href="#${escape(id)}">${escape(title)}</a></li>`);
  return `<nav class="contents" aria-label="Contents"><ul>${items.join("")}</ul></nav>`;
}

/** Escapes text for an element or a quoted attribute. */
export const escape = escapeXml;

/** Returns JSON for a `<script type="application/json">`; no string in it can close the element. */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/**
 * Embeds a chart in a page: its colours become the page's variables, so that it is dark on a dark page. `label` describes the
 * chart for screen readers.
 */
export function inlineSvg(svg: string, label: string): string {
  const themed = Object.entries(palette).reduce(
    (text, [name, colour]) => text.replaceAll(colour, `var(--${name})`),
    svg,
  );
  return (
    themed
      // Plot labels its groups with the kind of mark, which is of no use to a reader.
      .replace(/ aria-label="[^"]*"/g, "")
      .replaceAll(fontFamily, "inherit")
      // A function, since `$` is special in a replacement string.
      .replace(/ role="img"/, (role) => `${role} aria-label="${escape(label)}"`)
      .replace(/<title>[^<]*<\/title>/, "")
  );
}

/** Encodes an image as a small WebP (about 0.5 kB for a 48 px face), at most `side` pixels on its longer side, as a data URI. */
export async function thumbnailUri({ pixels, width, height, channels }: Picture, side = 64): Promise<string> {
  const bytes = await sharp(pixels, { raw: { width, height, channels } })
    .resize(side, side, { fit: "inside", withoutEnlargement: true })
    .webp({ quality: 60, effort: 4 })
    .toBuffer();
  return `data:image/webp;base64,${bytes.toString("base64")}`;
}
