/** Adds files as examples: crops the largest face of each image, one image after the other. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Recogniser, WorkerLost } from "../recogniser/recogniser.ts";
import { type GivenFile, isImage } from "./drop.ts";
import { refusalOfName, sameName, type TaughtClass } from "./project.ts";
import type { OpenProject } from "./use-project.ts";

export interface Adding {
  /** While images are being added: how many of all are done. */
  readonly progress: { readonly done: number; readonly all: number } | undefined;
  /** The report on the last files; undefined before any, and once it was dismissed. */
  readonly report: AddingReport | undefined;
  /** Adds files to a class; without a class, each goes to the one named like its folder. */
  add(files: readonly GivenFile[], to?: string): Promise<void>;
  /** Adds the images without a face once more, each as a whole. */
  takeWhole(): Promise<void>;
  dismiss(): void;
}

export interface AddingReport {
  readonly added: number;
  /** Several faces were found in these: the largest was used. */
  readonly several: number;
  /** No face was found in these. */
  readonly faceless: readonly Wanted[];
  /** Names of files that cannot be read or are not images. */
  readonly unreadable: readonly string[];
  /** Files without a folder that were not given to a class. */
  readonly homeless: number;
  /** The error that stopped it, or a folder that cannot be a class. */
  readonly problems: readonly string[];
}

/** A file that should become an example of a class. */
export interface Wanted {
  readonly file: File;
  readonly class: string;
}

const nothing: AddingReport = {
  added: 0,
  several: 0,
  faceless: [],
  unreadable: [],
  homeless: 0,
  problems: [],
};

export function useFiles(recogniser: Recogniser, model: number | undefined, project: OpenProject): Adding {
  const [progress, setProgress] = useState<Adding["progress"]>();
  const [report, setReport] = useState<AddingReport>();
  const latest = useRef({ project, model });
  latest.current = { project, model };
  const left = useRef(false);
  useEffect(
    () => () => {
      left.current = true;
    },
    [],
  );
  // Files given while others are being added wait for them.
  const turn = useRef<Promise<void>>(Promise.resolve());
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    turn.current = turn.current.then(work);
    return turn.current;
  };

  async function addAll(
    wanted: readonly Wanted[],
    faces: "still" | "whole",
    so: Partial<AddingReport>,
  ): Promise<void> {
    const found = { ...nothing, ...so };
    const ids = new Set<string>();
    for (const [i, { file, class: to }] of wanted.entries()) {
      setProgress({ done: i, all: wanted.length });
      const { project: current, model: cutFor } = latest.current;
      if (left.current) return;
      if (cutFor === undefined) {
        found.problems = [
          ...found.problems,
          "No model is loaded, so faces cannot be found. Add the images again once one is loaded.",
        ];
        break;
      }
      // It may have been deleted in the meantime.
      if (!current.project?.classes.some(({ id }) => id === to)) continue;
      try {
        const { face, boxes } = await recogniser.cut({ photo: file, name: file.name, faces, model: cutFor });
        if (!face) {
          found.faceless = [...found.faceless, { file, class: to }];
          continue;
        }
        const id = await current.add({ class: to, time: Date.now(), source: file.name, ...face });
        // The project reports why it was not stored.
        if (id === undefined) break;
        ids.add(id);
        found.added++;
        if (boxes.length > 1) found.several++;
      } catch (error) {
        if (error instanceof WorkerLost) {
          found.problems = [...found.problems, error.message];
          break;
        }
        found.unreadable = [...found.unreadable, file.name];
      }
    }
    if (ids.size > 0)
      latest.current.project.added(`Added ${ids.size} ${ids.size === 1 ? "image" : "images"}`, ids);
    setProgress(undefined);
    setReport(found);
  }

  return {
    progress,
    report,
    dismiss: () => setReport(undefined),
    add: (files, to) =>
      inTurn(async () => {
        const images = files.filter(({ file }) => isImage(file));
        const others = files.filter(({ file }) => !isImage(file)).map(({ file }) => file.name);
        const isArchive = (name: string): boolean => /\.(zip|7z|rar|t?gz|tar)$/i.test(name);
        const unreadable = others.filter((name) => !isArchive(name));
        const { wanted, homeless, problems } = await classesOf(images, to, latest.current.project);
        const packed = others
          .filter(isArchive)
          .map((name) => `${name} is an archive: unpack it, and drop the folders in it.`);
        await addAll(wanted, "still", { unreadable, homeless, problems: [...problems, ...packed] });
      }),
    takeWhole: () => inTurn(() => addAll(report?.faceless ?? [], "whole", {})),
  };
}

/** The class of each file; a folder whose name no class has becomes a new class. */
async function classesOf(
  files: readonly GivenFile[],
  to: string | undefined,
  { project, addClass }: OpenProject,
): Promise<{ wanted: Wanted[]; homeless: number; problems: string[] }> {
  if (to !== undefined)
    return { wanted: files.map(({ file }) => ({ file, class: to })), homeless: 0, problems: [] };
  const classes: TaughtClass[] = [...(project?.classes ?? [])];
  const problems = new Set<string>();
  const wanted: Wanted[] = [];
  let homeless = 0;
  for (const { file, folder } of files) {
    if (folder === undefined) {
      homeless++;
      continue;
    }
    let own = classes.find(({ name }) => sameName(name, folder));
    if (!own) {
      const refusal = refusalOfName(folder, []);
      if (refusal !== undefined) {
        problems.add(`The folder ${folder} cannot be a class. ${refusal}`);
        continue;
      }
      const id = await addClass(folder);
      // The project reports the reason.
      if (id === undefined) break;
      own = { id, name: folder };
      classes.push(own);
    }
    wanted.push({ file, class: own.id });
  }
  return { wanted, homeless, problems: [...problems] };
}
