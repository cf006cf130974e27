/** The data that a run was trained and measured on, and what an audit found in it. */

import { count, details, list, note, paragraph, pictures, type Section, table } from "../html.ts";
import { escape } from "../page.ts";
import type { AuditRecord, RunRecord } from "../run-record.ts";

export function data(run: RunRecord): Section | undefined {
  const { data, environment, evaluation } = run;
  const parts = data
    ? countsOf(data)
    : evaluation
      ? [
          paragraph(
            `This run did not record the number of images per class. It was scored on ${pictures(evaluation.n)} (${evaluation.split}).`,
          ),
        ]
      : [];
  const fingerprint = data?.fingerprint ?? environment?.fingerprint;
  const sources = data?.sources ?? environment?.data ?? [];
  if (parts.length === 0 && fingerprint === undefined) return undefined;
  const where = [
    ...sources.map((source) => `<li><code>${escape(source)}</code></li>`),
    ...(fingerprint ? [`<li>fingerprint <code>${escape(fingerprint)}</code></li>`] : []),
  ];
  return { id: "data", title: "Data", html: [...parts, `<ul>${where.join("")}</ul>`].join("\n") };
}

function countsOf({ classes, counts, notes, unreadable }: NonNullable<RunRecord["data"]>): string[] {
  const used = Object.keys(counts);
  const total = (split: string): number => (counts[split] ?? []).reduce((sum, value) => sum + value, 0);
  const bad = unreadable.map(({ id, reason }) => `${id}: ${reason}`);
  return [
    table({
      caption: "Images per class and split",
      head: ["class", ...used],
      rows: [
        ...classes.map((name, k) => [name, ...used.map((split) => count(counts[split]?.[k] ?? 0))]),
        ["total", ...used.map((split) => count(total(split)))],
      ],
      numbers: true,
    }),
    list([...new Set(notes)]),
    bad.length === 0 ? "" : details(`${pictures(bad.length)} could not be read and were left out`, list(bad)),
  ];
}

export function audit({ audit }: RunRecord): Section | undefined {
  if (!audit) return undefined;
  const crossing = Object.entries(audit.crossSplitPictures).filter(([, number]) => number > 0);
  return {
    id: "audit",
    title: "Audit of the data",
    html: [
      crossing.length > 0
        ? note(
            `Some pixel-identical images are in more than one split (${crossing.map(([where, number]) => `${count(number)} ${where}`).join(", ")}), so scores on them are too high.`,
          )
        : paragraph("No image is in more than one split, compared pixel by pixel."),
      auditTable(audit),
    ].join("\n"),
  };
}

function auditTable(audit: AuditRecord): string {
  const rows: [string, number][] = [
    ["groups of identical images", audit.duplicateGroups],
    ["images that are only copies", audit.redundantPictures],
    ["groups with more than one label", audit.conflictingGroups],
    ["groups that look the same", audit.nearDuplicateGroups],
    ["blank images", audit.blank],
    ["unreadable images", audit.unreadable],
  ];
  return table({
    caption: `Found in ${pictures(audit.pictures)}`,
    head: [],
    rows: rows.map(([name, number]) => [name, count(number)]),
    numbers: true,
  });
}
