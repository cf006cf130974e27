/** The content of an audit's page without its images: which groups, in which order, with which headings. */

import type { Audit } from "../audit/audit.node.ts";
import { crossesSplits, isConflicting, type PictureGroup } from "../audit/groups.ts";
import { faults } from "../audit/quality.ts";
import { count, pictures } from "./html.ts";

/** One image and the text below it. */
export interface Tile {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  /** Whether the label is in doubt. */
  readonly doubtful: boolean;
}

export interface Part {
  readonly title: string;
  /** Images that belong together stand side by side. */
  readonly groups: readonly (readonly Tile[])[];
  /** The number of groups or images found, and the noun for them. */
  readonly found: number;
  readonly noun: "group" | "image";
}

export interface TileSection {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
  /** The parts that are not empty. */
  readonly parts: readonly Part[];
}

/** Maximum groups per part, images per group, and single images per part; audit.json has them all. */
const GROUPS = 60;
const OF_A_GROUP = 7;
const PICTURES = 120;

export function tileSections(audit: Audit): TileSection[] {
  const blank = new Set(audit.faults.blank);
  // All black images are identical to each other, so their groups come last.
  const isBlank = ({ pictures }: PictureGroup): boolean => pictures.some(({ id }) => blank.has(id));
  const identical = groupParts(audit.duplicates.toSorted((a, b) => Number(isBlank(a)) - Number(isBlank(b))));
  const alike = groupParts(audit.nearDuplicates);
  return [
    {
      id: "identical",
      title: "Identical images",
      intro:
        identical.length > 0
          ? "The same pixels in more than one file. If their labels differ, at least one label is wrong. If they are in more than one split, the score is too high."
          : "No image occurs twice.",
      parts: identical,
    },
    {
      id: "alike",
      title: "Images that look the same",
      intro:
        alike.length > 0
          ? "Mirrored, slightly cropped or shifted, recompressed, brighter or darker. On FER2013 about one in a hundred such pairs shows different people, so review them before you leave any out."
          : "No near-duplicates were found.",
      parts: alike,
    },
    spoilt(audit),
    ...suspected(audit),
  ];
}

/** Groups with different labels first, then groups across splits, then the rest. */
function groupParts(groups: readonly PictureGroup[]): Part[] {
  const conflicting = groups.filter(isConflicting);
  const others = groups.filter((group) => !isConflicting(group));
  const part = (title: string, own: readonly PictureGroup[]): Part[] =>
    own.length === 0
      ? []
      : [{ title, groups: own.slice(0, GROUPS).map(tilesOf), found: own.length, noun: "group" }];
  return [
    ...part("With different labels", conflicting),
    ...part("In more than one split", others.filter(crossesSplits)),
    ...part(
      "Within one split, with one label",
      others.filter((group) => !crossesSplits(group)),
    ),
  ];
}

function tilesOf(group: PictureGroup): Tile[] {
  const left = group.pictures.length - OF_A_GROUP;
  return group.pictures.slice(0, OF_A_GROUP).map(({ id, label, split }, i) => ({
    id,
    label,
    detail: left > 0 && i === OF_A_GROUP - 1 ? `${split}; and ${count(left)} more` : split,
    doubtful: isConflicting(group),
  }));
}

function spoilt(audit: Audit): TileSection {
  const parts = faults.flatMap((fault): Part[] => {
    const ids = audit.faults[fault];
    if (ids.length === 0) return [];
    const groups = ids.slice(0, PICTURES).map((id) => [{ id, label: "", detail: "", doubtful: false }]);
    return [{ title: fault[0]?.toUpperCase() + fault.slice(1), groups, found: ids.length, noun: "image" }];
  });
  return {
    id: "spoilt",
    title: "Damaged images",
    intro:
      parts.length > 0
        ? "Blank images carry no information and are left out. Some of the others may still be usable."
        : "No image is blank, tiny, blurred, underexposed or overexposed.",
    parts,
  };
}

function suspected({ labels }: Audit): TileSection[] {
  if (!labels) return [];
  const { suspects, accuracy, folds, model } = labels;
  const groups = suspects
    .slice(0, PICTURES)
    .map(({ id, given, suggested, split }) => [
      { id, label: `${given}, probably ${suggested}`, detail: split, doubtful: true },
    ]);
  const how = `Heads on ${model}, which never saw these labels, were trained on ${folds - 1} of ${folds} folds and judged the remaining one. Their accuracy is ${(100 * accuracy).toFixed(1)} %`;
  return [
    {
      id: "labels",
      title: "Suspected label errors",
      intro:
        suspects.length > 0
          ? `${how}, so a suspicion is only a reason to check. The most confident come first.`
          : `${how}; they do not confidently contradict any label.`,
      parts:
        groups.length > 0 ? [{ title: "Most confident", groups, found: suspects.length, noun: "image" }] : [],
    },
  ];
}

/** Returns the ids of all images that are shown. */
export function idsIn(sections: readonly TileSection[]): Set<string> {
  return new Set(
    sections.flatMap(({ parts }) =>
      parts.flatMap(({ groups }) => groups.flatMap((group) => group.map(({ id }) => id))),
    ),
  );
}

/** Returns the number of groups or images, and how many of them are shown if not all are. */
export function shownText({ groups, found, noun }: Part): string {
  const all = noun === "group" ? `${count(found)} group${found === 1 ? "" : "s"}` : pictures(found);
  return groups.length < found
    ? `${all}; the first ${count(groups.length)} are shown, audit.json has them all`
    : all;
}
