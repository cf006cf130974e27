/** The faces of one image: detected once, with the thorough search. */

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import type { LoadedModel } from "./model-slot.ts";

export interface Still {
  readonly width: number;
  readonly height: number;
  /** The largest first; undefined until they were detected. */
  readonly faces: readonly TrackedFace[] | undefined;
  /** Must be called when the image has changed. */
  look(): void;
}

export interface StillOptions {
  readonly image: RefObject<HTMLImageElement>;
  readonly on: boolean;
  onFailure(message: string): void;
}

export function useStill(loaded: LoadedModel | undefined, { image, on, onFailure }: StillOptions): Still {
  const [seen, see] = useState<Omit<Still, "look">>({ width: 4, height: 3, faces: undefined });
  /** Counts loaded images. */
  const [images, setImages] = useState(0);
  useEffect(() => {
    const element = image.current;
    if (!on || !loaded || !element?.complete || element.naturalWidth === 0) return;
    let over = false;
    const examine = async (): Promise<void> => {
      const photo = await createImageBitmap(element);
      const { recogniser, info } = loaded;
      const { width, height, models } = await recogniser.examine({ photo, name: "image" });
      const answer = models.find(({ model }) => model === info.id);
      if (answer?.error !== undefined) throw new Error(answer.error);
      if (!over) see({ width, height, faces: answer?.faces.map((face, i) => ({ track: i + 1, ...face })) });
    };
    examine().catch((error: Error) => !over && onFailure(error.message));
    return () => {
      over = true;
      see((before) => ({ ...before, faces: undefined }));
    };
  }, [on, loaded, images]);
  return { ...seen, look: () => setImages((n) => n + 1) };
}
