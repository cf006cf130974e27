/** The open project: its classes and examples; every change is stored at once and can be undone. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Example, freeName, type Project, sameName, type TaughtClass } from "./project.ts";
import type { TeachStore } from "./store.ts";
import { newId } from "./use-projects.ts";

export interface OpenProject {
  /** Undefined until it is read. */
  readonly project: Project | undefined;
  /** In chronological order. */
  readonly examples: readonly Example[];
  /** The last action, which can be undone. */
  readonly done: string | undefined;
  /** The reason why the last change was not stored. */
  readonly problem: string | undefined;
  rename(name: string): Promise<void>;
  /** @returns the id of the class of this name; undefined if it was not stored. */
  addClass(name: string): Promise<string | undefined>;
  renameClass(id: string, name: string): Promise<void>;
  deleteClass(id: string): Promise<void>;
  /** @returns its id; undefined if it was not stored. */
  add(example: Omit<Example, "id" | "project">): Promise<string | undefined>;
  /** Examples were added in many steps that are undone as one. */
  added(text: string, ids: ReadonlySet<string>): void;
  remove(ids: ReadonlySet<string>): Promise<void>;
  move(ids: ReadonlySet<string>, to: string): Promise<void>;
  undo(): Promise<void>;
}

interface Step {
  readonly text: string;
  revert(): Promise<void>;
}

/** Number of undoable steps, for which deleted data stays in memory. */
const MOST_STEPS = 20;

export function useProject(store: TeachStore, id: string): OpenProject {
  const [project, setProject] = useState<Project>();
  const [examples, setExamples] = useState<readonly Example[]>([]);
  const steps = useRef<readonly Step[]>([]);
  const [done, setDone] = useState<string>();
  const [problem, setProblem] = useState<string>();
  // State that callbacks of an earlier render must see, too.
  const now = useRef({ project, examples });
  const show = (next: { project?: Project | undefined; examples?: readonly Example[] }): void => {
    now.current = { ...now.current, ...next };
    setProject(now.current.project);
    setExamples(now.current.examples);
  };

  useEffect(() => {
    let left = false;
    const read = async (): Promise<void> => {
      const [stored, found] = await Promise.all([store.project(id), store.examples(id)]);
      if (left) return;
      if (!stored)
        throw new Error(
          "This project was deleted in another tab. Open or make another one under “Projects”.",
        );
      show({ project: stored, examples: found });
    };
    read().catch((error: Error) => setProblem(error.message));
    return () => {
      left = true;
    };
  }, [store, id]);

  const turn = useRef<Promise<unknown>>(Promise.resolve());
  /** Changes run one after the other: each starts from the result of the previous one. */
  const keep = (work: () => Promise<void>): Promise<boolean> => {
    const kept = turn.current.then(work).then(
      () => {
        setProblem(undefined);
        return true;
      },
      (error: Error) => {
        setProblem(error.message);
        return false;
      },
    );
    turn.current = kept;
    return kept;
  };
  const change = async (changes: Partial<Project>): Promise<void> => {
    const before = now.current.project;
    if (!before) return;
    const next = { ...before, changed: Date.now(), ...changes };
    await store.changeProject(next);
    show({ project: next });
  };
  /** Records that examples have changed. They have changed even if the storage is too full for the record. */
  const note = (): Promise<void> =>
    change({}).catch(() =>
      show({ project: now.current.project && { ...now.current.project, changed: Date.now() } }),
    );
  const classes = (): readonly TaughtClass[] => now.current.project?.classes ?? [];
  const setSteps = (next: readonly Step[]): void => {
    steps.current = next;
    setDone(next.at(-1)?.text);
  };
  const did = (text: string, revert: () => Promise<void>): void =>
    setSteps([...steps.current, { text, revert }].slice(-MOST_STEPS));
  /** Inserts examples in chronological order. */
  const put = async (some: readonly Example[]): Promise<void> => {
    await store.saveExamples(some);
    const ids = new Set(some.map((example) => example.id));
    const others = now.current.examples.filter((example) => !ids.has(example.id));
    show({ examples: [...others, ...some].sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1)) });
  };
  const take = async (ids: ReadonlySet<string>): Promise<void> => {
    await store.deleteExamples([...ids]);
    show({ examples: now.current.examples.filter((example) => !ids.has(example.id)) });
  };
  const chosen = (ids: ReadonlySet<string>): Example[] =>
    now.current.examples.filter((example) => ids.has(example.id));
  const nameOf = (of: string): string => classes().find((one) => one.id === of)?.name ?? "";

  return {
    project,
    examples,
    done,
    problem,
    async rename(name) {
      // No model knows it.
      if (name.trim() !== "")
        await keep(() => change({ name: name.trim(), changed: now.current.project?.changed ?? 0 }));
    },
    async addClass(name) {
      const added = { id: newId(), name: name.trim() };
      const kept = await keep(async () => {
        const same = classes().find((one) => sameName(one.name, name));
        if (same) added.id = same.id;
        else await change({ classes: [...classes(), added] });
      });
      return kept ? added.id : undefined;
    },
    async renameClass(of, name) {
      await keep(() =>
        change({
          classes: classes().map((one) => (one.id === of ? { ...one, name: name.trim() } : one)),
        }),
      );
    },
    async deleteClass(of) {
      await keep(async () => {
        const at = classes().findIndex((one) => one.id === of);
        const gone = classes()[at];
        if (!gone) return;
        const own = now.current.examples.filter((example) => example.class === of);
        await take(new Set(own.map((example) => example.id)));
        did(`Deleted the class “${gone.name}”`, async () => {
          const others = classes().filter((one) => one.id !== of);
          const name = freeName(
            gone.name,
            others.map((other) => other.name),
          );
          await put(own);
          await change({ classes: others.toSpliced(at, 0, { ...gone, name }) });
        });
        await change({ classes: classes().filter((one) => one.id !== of) });
      });
    },
    async add(example) {
      const added = { ...example, id: newId(), project: id };
      let isWanted = false;
      const kept = await keep(async () => {
        // Its class may have been deleted in the meantime.
        isWanted = classes().some((one) => one.id === added.class);
        if (isWanted) await put([added]);
      });
      return kept && isWanted ? added.id : undefined;
    },
    added(text, ids) {
      did(text, async () => {
        await take(ids);
        await note();
      });
      // The reason why the rest was not stored stays visible.
      turn.current = turn.current.then(note);
    },
    async remove(ids) {
      await keep(async () => {
        const gone = chosen(ids);
        await take(ids);
        did(`Deleted ${counted(gone.length)}`, () => put(gone).then(note));
        await note();
      });
    },
    async move(ids, to) {
      await keep(async () => {
        const before = chosen(ids);
        await put(before.map((example) => ({ ...example, class: to })));
        did(`Moved ${counted(before.length)} to “${nameOf(to)}”`, () => put(before).then(note));
        await note();
      });
    },
    async undo() {
      await keep(async () => {
        const last = steps.current.at(-1);
        if (!last) return;
        await last.revert();
        setSteps(steps.current.filter((step) => step !== last));
      });
    },
  };
}

function counted(n: number): string {
  return `${n} ${n === 1 ? "example" : "examples"}`;
}
