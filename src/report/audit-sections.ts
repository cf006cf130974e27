/** What an audit's page shows, before there are images: which groups, in which order, under which words. */

import type { Audit } from "../audit/audit.node.ts";
import { crossesSplits, isConflicting, type PictureGroup } from "../audit/groups.ts";
import { faults } from "../audit/quality.ts";
import { count, pictures } from "./html.ts";

/** One image and what stands below it. */
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
  /** Groups that there are, and what they are. */
  readonly found: number;
  readonly noun: "group" | "picture";
}

export interface TileSection {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
  /** Those that hold something. */
  readonly parts: readonly Part[];
}

/** Groups shown of each part, images of each group, and single images of each part: audit.json has them all. */
const GROUPS = 60;
const OF_A_GROUP = 7;
const PICTURES = 120;

export function tileSections(audit: Audit): TileSection[] {
  const blank = new Set(audit.faults.blank);
  // Black images are equal to one another, which nobody needs to look at first.
  const isBlank = ({ pictures }: PictureGroup): boolean => pictures.some(({ id }) => blank.has(id));
  const identical = groupParts(audit.duplicates.toSorted((a, b) => Number(isBlank(a)) - Number(isBlank(b))));
  const alike = groupParts(audit.nearDuplicates);
  return [
    {
      id: "identical",
      title: "Identical images",
      intro:
        identical.length > 0
          ? "The same pixels under more than one name. Under different labels at least one label is wrong; on two sides of a split the score is too good."
          : "No image occurs twice.",
      parts: identical,
    },
    {
      id: "alike",
      title: "Images that look the same",
      intro:
        alike.length > 0
          ? "Mirrored, slightly cropped or moved, recompressed, brighter or darker. On FER2013 about one in a hundred of such pairs shows different people: look before leaving any out."
          : "No near-duplicates were found.",
      parts: alike,
    },
    spoilt(audit),
    ...suspected(audit),
  ];
}

/** Under different labels first, then across splits, then the rest. */
function groupParts(groups: readonly PictureGroup[]): Part[] {
  const conflicting = groups.filter(isConflicting);
  const others = groups.filter((group) => !isConflicting(group));
  const part = (title: string, own: readonly PictureGroup[]): Part[] =>
    own.length === 0
      ? []
      : [{ title, groups: own.slice(0, GROUPS).map(tilesOf), found: own.length, noun: "group" }];
  return [
    ...part("Under different labels", conflicting),
    ...part("On more than one split", others.filter(crossesSplits)),
    ...part(
      "Within one split, under one label",
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
    return [{ title: fault[0]?.toUpperCase() + fault.slice(1), groups, found: ids.length, noun: "picture" }];
  });
  return {
    id: "spoilt",
    title: "Spoilt images",
    intro:
      parts.length > 0
        ? "Blank images teach nothing and are left out; of the others some can still be recognised."
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
      { id, label: `${given}, rather ${suggested}`, detail: split, doubtful: true },
    ]);
  const how = `Heads on ${model}, which never saw these labels, were trained on ${folds - 1} of ${folds} parts and asked about the other one. They are right ${(100 * accuracy).toFixed(1)} % of the time`;
  return [
    {
      id: "labels",
      title: "Suspected label errors",
      intro:
        suspects.length > 0
          ? `${how}, so a suspicion is no more than a reason to look. The surest come first.`
          : `${how}; they are sure against no label.`,
      parts:
        groups.length > 0 ? [{ title: "The surest", groups, found: suspects.length, noun: "picture" }] : [],
    },
  ];
}

/** The ids of every image that is shown. */
export function idsIn(sections: readonly TileSection[]): Set<string> {
  return new Set(
    sections.flatMap(({ parts }) =>
      parts.flatMap(({ groups }) => groups.flatMap((group) => group.map(({ id }) => id))),
    ),
  );
}

/** `60 of 1,273 groups are shown; audit.json has them all`, or how many there are. */
export function shownText({ groups, found, noun }: Part): string {
  const all = noun === "group" ? `${count(found)} group${found === 1 ? "" : "s"}` : pictures(found);
  return groups.length < found
    ? `${all}; the first ${count(groups.length)} are shown, audit.json has them all`
    : all;
}
