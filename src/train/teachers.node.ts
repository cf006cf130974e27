/**
 * The teachers of a training. The run folder keeps copies of them, so that a run can be resumed without the originals.
 */

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { Teacher } from "../program/teachers.ts";
import { UsageError } from "../util/errors.ts";
import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import { classifierPath, loadMembers } from "../weights/load.node.ts";

/**
 * The teachers at `paths` (run folders, files that vultus wrote, or models that ship), each with an equal say. An ensemble is
 * its members, who share its say.
 * @throws UsageError where one doesn't know all of `classes`, which the student learns.
 */
export function loadTeachers(paths: readonly string[], classes: readonly string[]): Teacher[] {
  return paths.flatMap((path) => {
    const { architecture, members } = loadMembers(path);
    const missing = classes.filter((name) => !architecture.classes.includes(name));
    if (missing.length > 0) {
      throw new UsageError(
        `the teacher ${path} doesn't know ${missing.join(", ")}, only ${architecture.classes.join(", ")}; ` +
          "choose a teacher that knows every class of the data, or train on fewer classes with --classes",
      );
    }
    return members;
  });
}

/** Copies the teachers' files into `folder`, numbered in their order. */
export function keepTeachers(paths: readonly string[], folder: string): void {
  if (paths.length === 0) return;
  mkdirSync(folder, { recursive: true });
  for (const [i, path] of paths.map(classifierPath).entries())
    writeFileAtomic(join(folder, `${i + 1}${extname(path)}`), readBytes(path));
}

/** The copies in `folder`, in their order; none where there is no such folder. */
export function keptTeachers(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const number = (path: string): number => Number.parseInt(basename(path), 10);
  return readdirSync(folder)
    .filter((name) => /^\d+\.\w+$/.test(name))
    .map((name) => join(folder, name))
    .sort((a, b) => number(a) - number(b));
}
