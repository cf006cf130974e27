/** Keeps projects in the browser (IndexedDB): each write is there as a whole or not at all, and nothing leaves the device. */

import type { CheckpointStore } from "../../../src/train/train-options.web.ts";
import type { Example, Project } from "./project.ts";
import type { Slot, Trained, Training, Unfinished } from "./trainings.ts";

/** A project in the list. */
export interface StoredProject extends Project {
  readonly examples: number;
  /** Of its examples and models. */
  readonly bytes: number;
}

export interface TeachStore {
  /** The last changed first. */
  projects(): Promise<readonly StoredProject[]>;
  project(id: string): Promise<Project | undefined>;
  saveProject(project: Project): Promise<void>;
  /** With all that belongs to it. */
  deleteProject(id: string): Promise<void>;
  /** In the order of time. */
  examples(project: string): Promise<readonly Example[]>;
  saveExamples(examples: readonly Example[]): Promise<void>;
  deleteExamples(ids: readonly string[]): Promise<void>;
  training<S extends Slot>(
    project: string,
    slot: S,
  ): Promise<(S extends "unfinished" ? Unfinished : Trained) | undefined>;
  saveTraining(training: Training): Promise<void>;
  deleteTraining(project: string, slot: Slot): Promise<void>;
  /** Of the project's unfinished training. */
  checkpoints(project: string): CheckpointStore;
  close(): void;
}

/** The browser's storage is full. */
export class StorageFull extends Error {
  constructor() {
    super("The browser's storage is full. Delete examples or projects, or free space on this device.");
  }
}

/** Pages of one host share its databases: each has its own, by its folder. */
export function databaseName(): string {
  return `vultus-teach-${new URL("./", document.baseURI).pathname}`;
}

const STORES = ["projects", "examples", "trainings", "checkpoints"] as const;
type StoreName = (typeof STORES)[number];

/** @throws Error with the reason if the browser stores nothing. */
export async function openStore(name: string): Promise<TeachStore> {
  const database = await opened(name);

  /** What `work` asks for, once all of its writes are kept. */
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
      throw (error as Error).name === "QuotaExceededError" ? new StorageFull() : error;
    }
  }
  const read = <T>(store: StoreName, key: IDBValidKey): Promise<T> =>
    transact([store], "readonly", (of) => answered<T>(of(store).get(key)));
  const write = (store: StoreName, ...values: readonly object[]): Promise<void> =>
    transact([store], "readwrite", async (of) => {
      for (const value of values) of(store).put(value);
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
    saveProject: (project) => write("projects", project),
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
    saveExamples: (examples) => write("examples", ...examples),
    deleteExamples: (ids) => remove("examples", ids),
    training: (project, slot) => read("trainings", [project, slot]),
    saveTraining: (training) => write("trainings", training),
    deleteTraining: (project, slot) => remove("trainings", [[project, slot]]),
    checkpoints: (project) => ({
      async read() {
        return (await read<Checkpoint | undefined>("checkpoints", project))?.content;
      },
      write: (content) => write("checkpoints", { project, content } satisfies Checkpoint),
      clear: () => remove("checkpoints", [project]),
    }),
    close: () => database.close(),
  };
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
      // A later version of the page may want another form: it must not wait for this one.
      request.result.addEventListener("versionchange", () => request.result.close());
      resolve(request.result);
    });
    request.addEventListener("error", () =>
      reject(
        new Error(`This browser does not store data for this page: ${request.error?.message ?? "no reason"}`),
      ),
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
