/** The open project: its classes and examples, every change of which is kept at once and can be undone. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Example, Project, TaughtClass } from "./project.ts";
import type { TeachStore } from "./store.ts";
import { newId } from "./use-projects.ts";

export interface OpenProject {
  /** Undefined until it is read. */
  readonly project: Project | undefined;
  /** In the order of time. */
  readonly examples: readonly Example[];
  /** What was done last, and can be undone. */
  readonly done: string | undefined;
  /** Why the last change was not kept. */
  readonly problem: string | undefined;
  rename(name: string): Promise<void>;
  /** @returns its id. */
  addClass(name: string): Promise<string>;
  renameClass(id: string, name: string): Promise<void>;
  deleteClass(id: string): Promise<void>;
  /** @returns its id; undefined if it was not kept. */
  add(example: Omit<Example, "id" | "project">): Promise<string | undefined>;
  /** Examples were added, in many steps that are undone as one. */
  added(text: string, ids: ReadonlySet<string>): void;
  remove(ids: ReadonlySet<string>): Promise<void>;
  move(ids: ReadonlySet<string>, to: string): Promise<void>;
  undo(): Promise<void>;
}

interface Step {
  readonly text: string;
  revert(): Promise<void>;
}

/** Steps that can be undone: what was deleted stays in memory for so long. */
const MOST_STEPS = 20;

export function useProject(store: TeachStore, id: string): OpenProject {
  const [project, setProject] = useState<Project>();
  const [examples, setExamples] = useState<readonly Example[]>([]);
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const [problem, setProblem] = useState<string>();
  // What callbacks of an earlier rendering must see, too.
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
      if (!left && stored) show({ project: stored, examples: found });
    };
    read().catch((error: Error) => setProblem(error.message));
    return () => {
      left = true;
    };
  }, [store, id]);

  const keep = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      setProblem(undefined);
      return true;
    } catch (error) {
      setProblem((error as Error).message);
      return false;
    }
  };
  const change = async (changes: Partial<Project>): Promise<void> => {
    const before = now.current.project;
    if (!before) return;
    const next = { ...before, changed: Date.now(), ...changes };
    await store.saveProject(next);
    show({ project: next });
  };
  const classes = (): readonly TaughtClass[] => now.current.project?.classes ?? [];
  const did = useCallback((text: string, revert: () => Promise<void>) => {
    setSteps((before) => [...before, { text, revert }].slice(-MOST_STEPS));
  }, []);
  /** Inserts examples in the order of time. */
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
    done: steps.at(-1)?.text,
    problem,
    async rename(name) {
      // A model knows nothing of it.
      const changed = now.current.project?.changed ?? 0;
      if (name.trim() !== "") await keep(() => change({ name: name.trim(), changed }));
    },
    async addClass(name) {
      const added = { id: newId(), name: name.trim() };
      await keep(() => change({ classes: [...classes(), added] }));
      return added.id;
    },
    async renameClass(of, name) {
      const before = classes();
      const renamed = before.map((one) => (one.id === of ? { ...one, name: name.trim() } : one));
      await keep(() => change({ classes: renamed }));
    },
    async deleteClass(of) {
      const [before, own] = [classes(), now.current.examples.filter((example) => example.class === of)];
      const text = `Deleted the class “${nameOf(of)}”`;
      const deleted = await keep(async () => {
        await change({ classes: before.filter((one) => one.id !== of) });
        await take(new Set(own.map((example) => example.id)));
      });
      if (!deleted) return;
      did(text, async () => {
        const gone = before.filter((one) => one.id === of);
        await change({ classes: [...classes(), ...gone] });
        await put(own);
      });
    },
    async add(example) {
      const added = { ...example, id: newId(), project: id };
      return (await keep(() => put([added]))) ? added.id : undefined;
    },
    added(text, ids) {
      // The reason why the rest was not stored stays visible.
      change({}).catch((error: Error) => setProblem(error.message));
      did(text, async () => {
        await take(ids);
        await change({});
      });
    },
    async remove(ids) {
      const gone = chosen(ids);
      const kept = await keep(async () => {
        await take(ids);
        await change({});
      });
      if (kept) did(`Deleted ${counted(gone.length)}`, () => put(gone).then(() => change({})));
    },
    async move(ids, to) {
      const before = chosen(ids);
      const kept = await keep(async () => {
        await put(before.map((example) => ({ ...example, class: to })));
        await change({});
      });
      if (kept)
        did(`Moved ${counted(before.length)} to “${nameOf(to)}”`, () => put(before).then(() => change({})));
    },
    async undo() {
      const last = steps.at(-1);
      if (last && (await keep(last.revert))) setSteps((before) => before.filter((step) => step !== last));
    },
  };
}

function counted(n: number): string {
  return `${n} ${n === 1 ? "example" : "examples"}`;
}
