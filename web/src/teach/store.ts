/** Stores projects in the browser (IndexedDB): each write is atomic, and nothing leaves the device. */

import type { CheckpointStore } from "../../../src/train/train-options.web.ts";
import type { Example, Project } from "./project.ts";
import type { Earlier, Slot, Trained, Training, Unfinished } from "./trainings.ts";

/** A project in the list. */
export interface StoredProject extends Project {
  readonly examples: number;
  /** Size in bytes of its examples and models. */
  readonly bytes: number;
}

export interface TeachStore {
  /** The most recently changed first. */
  projects(): Promise<readonly StoredProject[]>;
  project(id: string): Promise<Project | undefined>;
  createProject(project: Project): Promise<void>;
  /** Like everything that saves part of a project, it fails if the project was deleted. */
  changeProject(project: Project): Promise<void>;
  /** Including everything that belongs to it. */
  deleteProject(id: string): Promise<void>;
  /** In chronological order. */
  examples(project: string): Promise<readonly Example[]>;
  /** Of one project. */
  saveExamples(examples: readonly Example[]): Promise<void>;
  deleteExamples(ids: readonly string[]): Promise<void>;
  training<S extends Slot>(project: string, slot: S): Promise<TrainingIn<S> | undefined>;
  saveTraining(training: Training): Promise<void>;
  /**
   * Also deletes what the result replaces: the unfinished training, if it has finished, and the previous score of the head. A
   * finished model is kept as the earlier one if this one was stopped.
   */
  saveResult(trained: Trained): Promise<void>;
  /** Restores the earlier model. */
  takeBack(earlier: Earlier): Promise<void>;
  /** Including its checkpoint. */
  discardUnfinished(project: string): Promise<void>;
  /** Checkpoint of the project's unfinished training. */
  checkpoints(project: string): CheckpointStore;
  close(): void;
}

/** The content of a slot. */
export type TrainingIn<S extends Slot> = S extends "unfinished"
  ? Unfinished
  : S extends "earlier"
    ? Earlier
    : Trained;

/** The browser's storage is full. */
export class StorageFull extends Error {
  constructor() {
    super("The browser's storage is full. Delete examples or projects, or free space on this device.");
  }
}

/** A page can still download its copy of a project that is no longer stored. */
const WAY_OUT = "Download what you still need, then reload the page.";

/** Pages of one origin share its databases: each page has its own, named by its folder. */
export function databaseName(): string {
  return `vultus-teach-${new URL("./", document.baseURI).pathname}`;
}

const STORES = ["projects", "examples", "trainings", "checkpoints"] as const;
type StoreName = (typeof STORES)[number];

/** @throws Error with the reason if the browser stores nothing. */
export async function openStore(name: string): Promise<TeachStore> {
  const database = await opened(name).catch((error: Error) => {
    throw new Error(
      `This browser does not store data for this page (${error.message}). Leave a private window, or allow the page to store data.`,
    );
  });

  /** Returns the result of `work` once all of its writes are committed. */
  async function transact<T>(
    stores: readonly StoreName[],
    mode: "readonly" | "readwrite",
    work: (store: (name: StoreName) => IDBObjectStore) => Promise<T>,
  ): Promise<T> {
    try {
      const transaction = database.transaction(stores, mode);
      const ended = new Promise<void>((resolve, reject) => {
        transaction.addEventListener("complete", () => resolve());
        transaction.addEventListener("abort", () =>
          reject(transaction.error ?? new Error("the browser's storage failed")),
        );
      });
      const [result] = await Promise.all([work((store) => transaction.objectStore(store)), ended]);
      return result;
    } catch (error) {
      const { name: kind } = error as Error;
      if (kind === "QuotaExceededError") throw new StorageFull();
      if (kind !== "InvalidStateError") throw error;
      throw new Error(
        `The browser closed the storage of this page: its data was deleted, or a newer version of the page is open. ${WAY_OUT}`,
      );
    }
  }
  const read = <T>(store: StoreName, key: IDBValidKey): Promise<T> =>
    transact([store], "readonly", (of) => answered<T>(of(store).get(key)));
  /** Changes a project, unless it was deleted: otherwise nobody would find or delete the new data. */
  const changing = (
    project: string,
    work: (store: (name: StoreName) => IDBObjectStore) => Promise<void> | void,
  ): Promise<void> =>
    transact(STORES, "readwrite", async (of) => {
      const key = await answered(of("projects").getKey(project));
      if (key === undefined)
        throw new Error(
          `This project is not stored any more: it was deleted in another tab, or with the data of this page. ${WAY_OUT}`,
        );
      await work(of);
    });
  const remove = (store: StoreName, keys: readonly IDBValidKey[]): Promise<void> =>
    transact([store], "readwrite", async (of) => {
      for (const key of keys) of(store).delete(key);
    });
  const ofProject = <T>(store: IDBObjectStore, project: string): Promise<T[]> =>
    answered<T[]>(store.index("project").getAll(project));

  return {
    projects: () =>
      transact(STORES, "readonly", async (of) => {
        const projects = await answered<Project[]>(of("projects").getAll());
        const sized = projects.map(async (project): Promise<StoredProject> => {
          const [examples, trainings, checkpoints] = await Promise.all([
            ofProject<Example>(of("examples"), project.id),
            ofProject<Training>(of("trainings"), project.id),
            ofProject<Checkpoint>(of("checkpoints"), project.id),
          ]);
          const bytes = [
            ...examples.map(({ image, thumbnail }) => image.size + thumbnail.length),
            ...trainings.map((training) => ("bundle" in training ? training.bundle.size : 0)),
            ...checkpoints.map(({ content }) => content.length),
          ].reduce((sum, size) => sum + size, 0);
          return { ...project, examples: examples.length, bytes };
        });
        return (await Promise.all(sized)).sort((a, b) => b.changed - a.changed);
      }),
    project: (id) => read("projects", id),
    createProject: (project) =>
      transact(["projects"], "readwrite", async (of) => {
        of("projects").put(project);
      }),
    changeProject: (project) =>
      changing(project.id, (of) => {
        of("projects").put(project);
      }),
    deleteProject: (id) =>
      transact(STORES, "readwrite", async (of) => {
        of("projects").delete(id);
        for (const store of STORES.slice(1)) {
          const keys = await answered(of(store).index("project").getAllKeys(id));
          for (const key of keys) of(store).delete(key);
        }
      }),
    async examples(project) {
      const found = await transact(["examples"], "readonly", (of) =>
        ofProject<Example>(of("examples"), project),
      );
      return found.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
    },
    async saveExamples(examples) {
      const [first] = examples;
      if (!first) return;
      await changing(first.project, (of) => {
        for (const example of examples) of("examples").put(example);
      });
    },
    deleteExamples: (ids) => remove("examples", ids),
    training: (project, slot) => read("trainings", [project, slot]),
    saveTraining: (training) =>
      changing(training.project, (of) => {
        of("trainings").put(training);
      }),
    saveResult: (trained) =>
      changing(trained.project, async (of) => {
        const { project, slot, finished } = trained;
        const trainings = of("trainings");
        if (finished) removeUnfinished(of, project);
        if (slot === "all") {
          trainings.delete([project, "head"]);
          const before = await answered<Trained | undefined>(trainings.get([project, "all"]));
          if (finished) trainings.delete([project, "earlier"]);
          else if (before?.finished) trainings.put({ ...before, slot: "earlier" } satisfies Earlier);
        }
        trainings.put(trained);
      }),
    takeBack: (earlier) =>
      changing(earlier.project, (of) => {
        for (const slot of ["head", "earlier"]) of("trainings").delete([earlier.project, slot]);
        of("trainings").put({ ...earlier, slot: "all" } satisfies Trained);
      }),
    discardUnfinished: (project) =>
      transact(["trainings", "checkpoints"], "readwrite", async (of) => removeUnfinished(of, project)),
    checkpoints: (project) => ({
      async read() {
        return (await read<Checkpoint | undefined>("checkpoints", project))?.content;
      },
      write: (content) =>
        changing(project, (of) => {
          of("checkpoints").put({ project, content } satisfies Checkpoint);
        }),
      clear: () => remove("checkpoints", [project]),
    }),
    close: () => database.close(),
  };
}

function removeUnfinished(of: (name: StoreName) => IDBObjectStore, project: string): void {
  of("trainings").delete([project, "unfinished"]);
  of("checkpoints").delete(project);
}

interface Checkpoint {
  readonly project: string;
  readonly content: Uint8Array;
}

function opened(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener("upgradeneeded", () => {
      const { result } = request;
      result.createObjectStore("projects", { keyPath: "id" });
      for (const [store, keyPath] of [
        ["examples", "id"],
        ["trainings", ["project", "slot"]],
        ["checkpoints", "project"],
      ] as const)
        result
          .createObjectStore(store, { keyPath: keyPath as string | string[] })
          .createIndex("project", "project");
    });
    request.addEventListener("success", () => {
      // A later version of the page may need another schema: it must not be blocked by this one.
      request.result.addEventListener("versionchange", () => request.result.close());
      resolve(request.result);
    });
    request.addEventListener("error", () =>
      reject(request.error ?? new Error("the browser's storage failed")),
    );
  });
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () =>
      reject(request.error ?? new Error("the browser's storage failed")),
    );
  });
}
