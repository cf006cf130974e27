/**
 * The teachers of a training. The run folder keeps copies of them, so that a run can be resumed without the originals.
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { classKey } from "../data/names.ts";
import type { Teacher } from "../program/teachers.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { makeFolder, readBytes, writeFileAtomic } from "../util/files.node.ts";
import { option } from "../util/spelling.ts";
import { classifierPath, loadMembers } from "../weights/load.node.ts";
import { type Environment, type RunPaths, readEnvironment } from "./run-folder.node.ts";

/**
 * Returns the teachers at `paths` (run folders, files that vultus wrote, or shipped models), each with equal weight. The members
 * of an ensemble share its weight. Their classes are renamed to the student's spelling.
 * @throws UsageError if one lacks any of `classes`, which the student learns.
 */
export function loadTeachers(paths: readonly string[], classes: readonly string[]): Teacher[] {
  return paths.flatMap((path) => {
    const { architecture, members } = loadMembers(path);
    const spelling = new Map(classes.map((name) => [classKey(name), name]));
    const spelled = (names: readonly string[]): string[] =>
      names.map((name) => spelling.get(classKey(name)) ?? name);
    const known = spelled(architecture.classes);
    const missing = classes.filter((name) => !known.includes(name));
    if (missing.length > 0) {
      throw new UsageError(
        `the teacher ${path} doesn't know ${missing.join(", ")}, only ${architecture.classes.join(", ")}; ` +
          `choose a teacher that knows every class of the data, or train on fewer classes with ${option("classes")}`,
      );
    }
    return members.map((member) => ({
      ...member,
      architecture: { ...member.architecture, classes: spelled(member.architecture.classes) },
    }));
  });
}

/** Copies the teachers' files into `folder`, numbered in their order. */
export function keepTeachers(paths: readonly string[], folder: string): void {
  if (paths.length === 0) return;
  makeFolder(folder);
  for (const [i, path] of paths.map(classifierPath).entries())
    writeFileAtomic(join(folder, `${i + 1}${extname(path)}`), readBytes(path));
}

/** Returns the copies in `folder`, in order; none if the folder does not exist. */
export function keptTeachers(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const number = (path: string): number => Number.parseInt(basename(path), 10);
  return readdirSync(folder)
    .filter((name) => /^\d+\.\w+$/.test(name))
    .map((name) => join(folder, name))
    .sort((a, b) => number(a) - number(b));
}

/** SHA-256 of each file, in hexadecimal. */
export function digestsOf(files: readonly string[]): string[] {
  return files.map((path) => createHash("sha256").update(readBytes(path)).digest("hex"));
}

/**
 * Returns the unchanged copies of a run to resume. `named` are the teachers named now, if any: they must be those that the run
 * started with, whether or not their files still exist.
 *
 * @throws UsageError for other teachers; FormatError if a copy is missing or has changed.
 */
export function teachersOfRun(paths: RunPaths, named: readonly string[]): string[] {
  const then = readEnvironment(paths);
  if (named.length > 0 && !areTeachers(then, named)) {
    throw new UsageError(
      `${paths.folder} was started ${then.teachers.length > 0 ? `with the teachers ${then.teachers.join(", ")}` : "without teachers"}, ` +
        `and ${option("teachers")} names ${named.join(", ")} now, or their files have changed since; leave ${option("teachers")} out, since the run has kept its own, ` +
        `or start a new run with ${option("out")}`,
    );
  }
  const kept = keptTeachers(paths.teachers);
  const instead = `put the copy back, or start a new run with ${option("out")}`;
  if (kept.length !== then.teachers.length) {
    throw new FormatError(
      `${paths.teachers} has no copy of its teacher ${then.teachers[kept.length] ?? kept.at(-1)}, and the run cannot continue without it; ${instead}`,
    );
  }
  const changed = digestsOf(kept).findIndex((digest, i) => digest !== (then.teacherDigests[i] ?? digest));
  if (changed >= 0) throw new FormatError(`${kept[changed]} has changed since the run started; ${instead}`);
  return kept;
}

/** Returns whether these are the teachers of a run: compared by file content or, if files are missing, by name. */
function areTeachers({ teachers, teacherDigests }: Environment, named: readonly string[]): boolean {
  if (named.length !== teachers.length) return false;
  return named.every((name, i) => {
    const then = teacherDigests[i];
    const now = fileOf(name);
    return then === undefined || now === undefined ? name === teachers[i] : digestsOf([now])[0] === then;
  });
}

function fileOf(teacher: string): string | undefined {
  try {
    return classifierPath(teacher);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
