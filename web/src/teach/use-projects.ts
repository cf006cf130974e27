/** The projects stored in this browser. */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { Project } from "./project.ts";
import { databaseName, openStore, type StoredProject, type TeachStore } from "./store.ts";
import { projectLock, unlessTaken } from "./use-lock.ts";

export interface Projects {
  /** Undefined until it is open. */
  readonly store: TeachStore | undefined;
  readonly list: readonly StoredProject[];
  /** Id of the open project. */
  readonly open: string | undefined;
  /** The reason why nothing can be stored, or why an action failed. */
  readonly problem: string | undefined;
  create(classes: readonly string[]): Promise<void>;
  show(id: string): void;
  /** `isMine`: this tab has it open; a project that another tab has open is not deleted. */
  remove(id: string, isMine: boolean): Promise<void>;
  /** Reads the list again: the content of the open project has changed. */
  refresh(): Promise<void>;
}

export const newId = (): string => crypto.randomUUID();

export function useProjects(): Projects {
  const [store, setStore] = useState<TeachStore>();
  const [list, setList] = useState<readonly StoredProject[]>([]);
  const [open, setOpen] = useState<string>();
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    let opened: TeachStore | undefined;
    let left = false;
    const begin = async (): Promise<void> => {
      opened = await openStore(databaseName());
      const found = await opened.projects();
      if (left) return opened.close();
      setList(found);
      setOpen(found[0]?.id);
      setStore(opened);
    };
    begin().catch((error: Error) => setProblem(error.message));
    return () => {
      left = true;
      opened?.close();
    };
  }, []);

  const refresh = useCallback(async () => {
    try {
      if (store) setList(await store.projects());
    } catch (error) {
      setProblem((error as Error).message);
    }
  }, [store]);
  const trying = async (work: (store: TeachStore) => Promise<void>): Promise<void> => {
    if (!store) return;
    try {
      await work(store);
      setProblem(undefined);
      await refresh();
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return {
    store,
    list,
    open,
    problem,
    show: setOpen,
    refresh,
    create: (classes) =>
      trying(async (to) => {
        const project: Project = {
          id: newId(),
          name: freeName(list.map(({ name }) => name)),
          changed: Date.now(),
          classes: classes.map((name) => ({ id: newId(), name })),
        };
        await to.createProject(project);
        setOpen(project.id);
        // Without it, a browser may delete stored data when space runs short. Some browsers ask the user, who may take time.
        (navigator as Partial<Navigator>).storage?.persist?.().catch(() => {});
      }),
    remove: (id, isMine) =>
      trying(async (to) => {
        const work = (): Promise<void> => to.deleteProject(id);
        if (isMine) await work();
        else if (!(await unlessTaken(projectLock(databaseName(), id), work)))
          throw new Error("The project is open in another tab. Close it there, then delete it.");
        if (id === open) setOpen(list.find((other) => other.id !== id)?.id);
      }),
  };
}

function freeName(taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = `Project ${number}`;
    if (!taken.includes(name)) return name;
  }
}
