/** The images to leave out of training and scoring, as a list that a person can read and change. */

import { type Split, splits } from "../data/dataset.ts";
import { counted } from "../util/counted.ts";
import { type AuditedPicture, crossesSplits, isConflicting, type PictureGroup } from "./groups.ts";
import type { SuspectedLabel } from "./labels.node.ts";

export interface Exclusion {
  readonly reason: string;
  readonly ids: readonly string[];
}

/**
 * What to leave out: every image of a group whose labels disagree, since at least one is wrong and nobody knows which;
 * of a group on several splits all but one of the last, so that the score keeps its image and training loses it; of a
 * group within a split all but the first; and blank images. An id occurs once at most.
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
      .map((group) => without(group, ({ id, split }) => `also in ${split}, kept there as ${id}`)),
    ...agreeing
      .filter((group) => !crossesSplits(group))
      .map((group) => without(group, ({ id }) => `the same image as ${id}, which is kept`)),
    ...(blank.length > 0 ? [{ reason: "blank: nearly one grey all over", ids: blank }] : []),
  ];
}

/**
 * One id per line, after a line that begins with `# ` and says why. Suspects stand there as comments only: a person looks
 * at them first, and takes the `# suspect: ` and the labels off those to leave out.
 */
export function excludeText(
  exclusions: readonly Exclusion[],
  suspects: readonly Pick<SuspectedLabel, "id" | "given" | "suggested">[] = [],
): string {
  const count = exclusions.reduce((sum, { ids }) => sum + ids.length, 0);
  const head = [
    `# ${counted(count, "image")} to leave out, found by "vultus data audit". Lines that begin with "# " are comments.`,
    "# Near-duplicates, dark, bright, blurred and tiny images are not here: audit.json lists them.",
  ];
  const suspected =
    suspects.length > 0
      ? [
          "",
          `# ${suspects.length} suspected label errors, the surest first. They are not left out: look at them first.`,
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
