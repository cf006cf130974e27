/** The user's images and the models' results for each. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Examination, ModelInfo } from "../recogniser/protocol.ts";
import { type Recogniser, WorkerLost } from "../recogniser/recogniser.ts";

/** Upright, also turned by quarters, or no detection: then the whole image is one face. */
export type Way = "still" | "turned" | "whole";

export interface PictureItem {
  readonly id: number;
  readonly file: File;
  /** For display. */
  readonly url: string;
  /** The search for faces. */
  readonly way: Way;
  readonly result?: Examination;
  /** The reason why there is no result: the file cannot be read, or the page failed. */
  readonly error?: { readonly status: "unreadable" | "failed"; readonly reason: string };
  /** The models and the search that produced `result` or `error`. */
  readonly examinedAs?: string;
}

export interface Pictures {
  readonly items: readonly PictureItem[];
  add(files: readonly File[]): void;
  remove(id: number): void;
  clear(): void;
  /** Analyses an image again, in another way. */
  look(id: number, way: Way): void;
  /** Where a model looked in one face. */
  explain(item: PictureItem, model: number, face: number): ReturnType<Recogniser["explain"]>;
}

export function usePictures(recogniser: Recogniser, models: readonly ModelInfo[]): Pictures {
  const [items, setItems] = useState<readonly PictureItem[]>([]);
  const count = useRef(0);
  const working = useRef(false);
  const ids = models.map(({ id }) => id).join();

  // One image at a time; each change of the list triggers the next one.
  useEffect(() => {
    const next = items.find((item) => item.examinedAs !== wayOf(item, ids));
    if (!next || working.current || models.length === 0) return;
    working.current = true;
    const { file, way } = next;
    const done = (outcome: Pick<PictureItem, "result"> | Pick<PictureItem, "error">): void => {
      working.current = false;
      const examinedAs = wayOf(next, ids);
      setItems((before) =>
        before.map((item) => {
          if (item.id !== next.id) return item;
          const { result: _, error: __, ...rest } = item;
          return { ...rest, ...outcome, examinedAs };
        }),
      );
    };
    recogniser.examine({ photo: file, name: file.name, faces: way }).then(
      (result) => done({ result }),
      (error: Error) =>
        done({
          error: {
            status: error instanceof WorkerLost ? "failed" : "unreadable",
            reason: error.message,
          },
        }),
    );
  }, [items, ids, models.length, recogniser]);

  const add = useCallback((files: readonly File[]) => {
    const added = files.map(
      (file): PictureItem => ({ id: ++count.current, file, url: URL.createObjectURL(file), way: "still" }),
    );
    setItems((before) => [...added, ...before]);
  }, []);
  const remove = useCallback((id: number) => {
    setItems((before) =>
      before.filter((item) => {
        if (item.id === id) URL.revokeObjectURL(item.url);
        return item.id !== id;
      }),
    );
  }, []);
  const clear = useCallback(() => {
    setItems((before) => {
      for (const { url } of before) URL.revokeObjectURL(url);
      return [];
    });
  }, []);
  const look = useCallback((id: number, way: Way) => {
    setItems((before) => before.map((item) => (item.id === id ? { ...item, way } : item)));
  }, []);
  const explain = useCallback(
    ({ file, way, result }: PictureItem, model: number, face: number) => {
      const box = result?.models.find((answer) => answer.model === model)?.faces[face]?.box;
      return recogniser.explain({
        photo: file,
        model,
        ...(box && way !== "whole" ? { box, faces: way } : {}),
      });
    },
    [recogniser],
  );
  return { items, add, remove, clear, look, explain };
}

function wayOf({ way }: PictureItem, ids: string): string {
  return `${ids} ${way}`;
}
