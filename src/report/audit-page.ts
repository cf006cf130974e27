/** The page of an audit: the faults of a data set, with the images side by side. */

import type { Audit } from "../audit/audit.node.ts";
import { exclusionsOf } from "../audit/exclude.ts";
import { type AuditSummary, summaryOf } from "../audit/summary.ts";
import type { Dataset } from "../data/dataset.ts";
import { readPicture } from "../data/decode.node.ts";
import { idsIn, type Part, shownText, type Tile, type TileSection, tileSections } from "./audit-sections.ts";
import { balanceSvg } from "./balance.ts";
import {
  chart,
  count,
  details,
  list,
  note,
  paragraph,
  percents,
  pictures,
  type Section,
  table,
} from "./html.ts";
import { escape, page, section, thumbnailUri } from "./page.ts";

/** The longer side of a thumbnail in pixels; more than FER2013's images have. */
const SIDE = 64;
/** Maximum Base64 text of all thumbnails, in bytes: a page stays below 10 MB even with thousands of photos. */
const BUDGET = 8e6;
const AT_ONCE = 16;
/** Maximum number of unreadable images listed. */
const LISTED = 500;

const style = `
.groups { list-style: none; display: flex; flex-wrap: wrap; gap: 1rem; margin: .9rem 0; padding: 0; max-width: none; }
.groups > li { max-width: 100%; }
.groups > li.group { padding: .75rem; background: var(--panel); border-radius: 10px; }
.tiles { list-style: none; display: flex; flex-wrap: wrap; gap: .75rem; margin: 0; padding: 0; max-width: none; }
.tile { width: 7rem; font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
.tile img, .tile .gone { display: block; width: 7rem; height: 7rem; object-fit: contain; border-radius: 6px; background: var(--panel); margin-bottom: .35rem; }
.tile .gone { display: grid; place-items: center; border: 1px dashed var(--line); color: var(--muted); }
.tile .doubtful { color: var(--vermilion); font-weight: 550; }
.tile code { color: var(--muted); font-size: .7rem; display: block; }
.note + p { margin-top: 1rem; }
@media (max-width: 40rem) { .tile, .tile img, .tile .gone { width: 5.6rem; } .tile img, .tile .gone { height: 5.6rem; } }
@media print { .tile, .tile img, .tile .gone { width: 18mm; } .tile img, .tile .gone { height: 18mm; } .group { break-inside: avoid; } }
`;

/** Reads the images that the page shows; an image that can no longer be read stays empty. */
export async function auditPage(audit: Audit, dataset: Dataset): Promise<string> {
  const tiles = tileSections(audit);
  const uris = await thumbnails(dataset, idsIn(tiles));
  const sections = [
    overview(audit),
    ...tiles.map((one) => tileSection(one, uris)),
    balance(audit),
    ...unreadable(audit),
  ];
  const names = audit.sources.map((source) => source.split(/[\\/]/).findLast(Boolean) ?? source);
  return page({
    title: `Audit of ${names.join(", ")}`,
    kicker: "Data audit",
    lead: `${pictures(audit.pictures)} of ${audit.classes.length} classes: ${audit.classes.join(", ")}.`,
    body: sections.map(section).join("\n"),
    contents: sections,
    style,
  });
}

async function thumbnails({ samples }: Dataset, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  const shown = samples.filter(({ id }) => ids.has(id));
  const uris = new Map<string, string>();
  let left = BUDGET;
  for (let start = 0; start < shown.length && left > 0; start += AT_ONCE) {
    const some = shown.slice(start, start + AT_ONCE).map(async ({ id, source }) => {
      const picture = await readPicture(source, { maxSide: 2 * SIDE }).catch(() => undefined);
      return { id, uri: picture ? await thumbnailUri(picture, SIDE) : undefined };
    });
    for (const { id, uri } of await Promise.all(some)) {
      if (uri === undefined || uri.length > left) continue;
      left -= uri.length;
      uris.set(id, uri);
    }
  }
  return uris;
}

function overview(audit: Audit): Section {
  const summary = summaryOf(audit);
  const crossing = Object.entries(summary.crossSplitPictures).filter(([, number]) => number > 0);
  const excluded = exclusionsOf(audit.duplicates, audit.faults.blank).reduce(
    (sum, { ids }) => sum + ids.length,
    0,
  );
  return {
    id: "overview",
    title: "At a glance",
    html: [
      `<dl class="headline">${headlines(summary).map(headline).join("")}</dl>`,
      crossing.length > 0
        ? note(
            `Scores on this data are too high: ${crossing.map(([where, number]) => `${count(number)} ${where}`).join(", ")}, pixel by pixel.`,
          )
        : "",
      excluded > 0
        ? paragraph(
            `exclude.txt, next to this page, lists ${pictures(excluded)} to leave out: copies, images with conflicting labels, and blank ones. Pass it to train, evaluate and data split with --exclude.`,
          )
        : "",
      audit.notes.length > 0 ? details("Notes on how the data was read", list(audit.notes)) : "",
    ].join("\n"),
  };
}

interface Headline {
  readonly name: string;
  readonly value: number;
  readonly detail: string;
}

function headlines(summary: AuditSummary): Headline[] {
  const leaks = Object.values(summary.crossSplitPictures).reduce((sum, number) => sum + number, 0);
  const spoilt = summary.tiny + summary.blurred + summary.underexposed + summary.overexposed;
  return [
    { name: "leaks", value: leaks, detail: "images that are also in another split" },
    {
      name: "identical groups",
      value: summary.duplicateGroups,
      detail: `${pictures(summary.redundantPictures)} redundant`,
    },
    { name: "conflicting labels", value: summary.conflictingGroups, detail: "groups of identical images" },
    {
      name: "look-alike groups",
      value: summary.nearDuplicateGroups,
      detail: `${count(summary.nearCrossSplitGroups)} across splits`,
    },
    { name: "blank", value: summary.blank, detail: `${count(spoilt)} tiny, blurred, too dark or too bright` },
    { name: "unreadable", value: summary.unreadable, detail: "files that are not complete images" },
    ...(summary.suspectedLabels === undefined
      ? []
      : [{ name: "suspected labels", value: summary.suspectedLabels, detail: "to be reviewed" }]),
  ];
}

function headline({ name, value, detail }: Headline): string {
  return `<div><dt>${escape(name)}</dt><dd class="value">${count(value)}</dd><dd class="detail">${escape(detail)}</dd></div>`;
}

function tileSection({ id, title, intro, parts }: TileSection, uris: ReadonlyMap<string, string>): Section {
  const shown = parts.map(
    (part) =>
      `<h3>${escape(part.title)} <span class="muted">${escape(shownText(part))}</span></h3>${groupsHtml(part, uris)}`,
  );
  return { id, title, html: [paragraph(intro), ...shown].join("\n") };
}

/** Shows each group of images as a list in a panel, and single images in a row. */
function groupsHtml({ groups, noun, title }: Part, uris: ReadonlyMap<string, string>): string {
  if (noun === "image") {
    const tiles = groups.flatMap((group) => group.map((tile) => tileHtml(tile, uris)));
    return `<ul class="tiles">${tiles.join("\n")}</ul>`;
  }
  const items = groups.map(
    (group, i) =>
      `<li class="group"><ul class="tiles" aria-label="${escape(title)}, group ${i + 1}">${group.map((tile) => tileHtml(tile, uris)).join("")}</ul></li>`,
  );
  return `<ul class="groups">${items.join("\n")}</ul>`;
}

function tileHtml({ id, label, detail, doubtful }: Tile, uris: ReadonlyMap<string, string>): string {
  const uri = uris.get(id);
  const picture = uri
    ? `<img src="${uri}" alt="" width="112" height="112">`
    : `<span class="gone">not shown</span>`;
  const named = label ? `<span${doubtful ? ' class="doubtful"' : ""}>${escape(label)}</span>` : "";
  const words = [named, escape(detail)].filter(Boolean).join(", ");
  return `<li class="tile">${picture}${words}<code>${breakable(id)}</code></li>`;
}

/** Lets a path break between its parts rather than within a word. */
function breakable(id: string): string {
  return escape(id).replace(/[/_]/g, "$&<wbr>");
}

function balance({ classes, balance: { shares, drift } }: Audit): Section {
  const used = Object.keys(shares);
  const of = (split: string, label: number): number => shares[split as keyof typeof shares]?.[label] ?? 0;
  const compared = drift.map(
    ({ split, against, totalVariation, largestDifference, chiSquared, chiSquared95 }) => {
      const { className, difference } = largestDifference;
      const chance =
        chiSquared > chiSquared95 ? "statistically significant" : "not statistically significant";
      return `${split} against ${against}: the class distributions differ by ${percents(totalVariation)} (total variation distance), most of all in ${className} (${difference < 0 ? "−" : "+"}${percents(Math.abs(difference))}); ${chance}.`;
    },
  );
  return {
    id: "balance",
    title: "Class balance",
    html: [
      chart(
        balanceSvg({ classes, shares }),
        `Shares of ${classes.join(", ")} in ${used.join(", ")}`,
        "The share of each class in each split.",
        {
          caption: "Shares of the classes",
          head: ["class", ...used],
          rows: classes.map((name, label) => [name, ...used.map((split) => percents(of(split, label)))]),
          numbers: true,
        },
      ),
      list(compared),
    ].join("\n"),
  };
}

function unreadable({ unreadable: bad }: Audit): Section[] {
  if (bad.length === 0) return [];
  const rows = bad.slice(0, LISTED).map(({ id, reason }) => [id, reason]);
  const more = bad.length - rows.length;
  return [
    {
      id: "unreadable",
      title: "Unreadable files",
      html: [
        table({ caption: "Files that are not complete images", head: ["file", "reason"], rows }),
        more > 0 ? paragraph(`${count(more)} more are in audit.json.`) : "",
      ].join("\n"),
    },
  ];
}
