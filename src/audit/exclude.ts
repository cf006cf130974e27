/** Lists the images to exclude from training and scoring, in a form that people can read and edit. */

import { type Split, splits } from "../data/dataset.ts";
import { counted } from "../util/counted.ts";
import { type AuditedPicture, crossesSplits, isConflicting, type PictureGroup } from "./groups.ts";
import type { SuspectedLabel } from "./labels.node.ts";

export interface Exclusion {
  readonly reason: string;
  readonly ids: readonly string[];
}

/**
 * Chooses the images to exclude. If the labels of a group disagree, all its images are excluded, because at least one
 * label is wrong and it is unknown which. If a group spans splits, all images but one of the last split are excluded,
 * so that the score keeps its image and training loses it. If a group lies within one split, all but the first are
 * excluded. Blank images are excluded. Each id occurs at most once.
 */
export function exclusionsOf(groups: readonly PictureGroup[], blank: readonly string[]): Exclusion[] {
  const blanks = new Set(blank);
  const shown = groups.filter(({ pictures }) => !pictures.some(({ id }) => blanks.has(id)));
  const conflicting = shown.filter(isConflicting);
  const agreeing = shown.filter((group) => !isConflicting(group));
  const without = (group: PictureGroup, reason: (kept: AuditedPicture) => string): Exclusion => {
    const kept = keptOf(group);
    return { reason: reason(kept), ids: idsOf(group).filter((id) => id !== kept.id) };
  };
  return [
    ...conflicting.map((group) => ({
      reason: `the same image is labelled ${group.labels.join(" and ")}`,
      ids: idsOf(group),
    })),
    ...agreeing
      .filter(crossesSplits)
      .map((group) => without(group, ({ id, split }) => `also in ${split}, where ${id} is kept`)),
    ...agreeing
      .filter((group) => !crossesSplits(group))
      .map((group) => without(group, ({ id }) => `the same image as ${id}, which is kept`)),
    ...(blank.length > 0 ? [{ reason: "blank: nearly uniform grey", ids: blank }] : []),
  ];
}

/**
 * Formats the list: one id per line, each group below a line that starts with `# ` and gives the reason. Suspects are
 * only comments, to be reviewed first. To exclude one, remove its `# suspect: ` and its labels.
 */
export function excludeText(
  exclusions: readonly Exclusion[],
  suspects: readonly Pick<SuspectedLabel, "id" | "given" | "suggested">[] = [],
): string {
  const count = exclusions.reduce((sum, { ids }) => sum + ids.length, 0);
  const head = [
    `# ${counted(count, "image")} to leave out, found by "vultus data audit". Lines that start with "# " are comments.`,
    "# Near-duplicates and dark, bright, blurred or tiny images are not listed here; see audit.json.",
  ];
  const suspected =
    suspects.length > 0
      ? [
          "",
          `# ${suspects.length} suspected label errors, most confident first. They are not excluded: review them first.`,
          ...suspects.map(({ id, given, suggested }) => `# suspect: ${id} ${given}→${suggested}`),
        ]
      : [];
  return [...head, ...exclusions.flatMap(({ reason, ids }) => ["", `# ${reason}`, ...ids]), ...suspected]
    .map((line) => `${line}\n`)
    .join("");
}

function idsOf({ pictures }: PictureGroup): string[] {
  return pictures.map(({ id }) => id);
}

function keptOf({ pictures }: PictureGroup): AuditedPicture {
  const rank = (split: Split): number => splits.indexOf(split);
  return pictures.reduce((kept, one) => (rank(one.split) > rank(kept.split) ? one : kept));
}
