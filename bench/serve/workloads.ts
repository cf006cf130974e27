/** The workloads of the service: one-megapixel photos with a face, and 48 px crops, as files and as requests. */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import type { Picture } from "../../src/data/dataset.ts";
import { random } from "../../src/util/random.ts";
import { composite, drawnFaces } from "../../test/support/composites.ts";
import { ferFaces, hasFer2013 } from "../../test/support/fer2013.ts";

export interface LoadRequest {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

export interface Workload {
  readonly name: string;
  /** The images per second on the same files, for `vultus predict`. */
  readonly folder: string;
  readonly files: number;
  readonly predictArgs: readonly string[];
  readonly picturesPerRequest: number;
  /** The number of concurrent requests that keeps the service busy. */
  readonly clients: number;
  readonly requests: readonly LoadRequest[];
}

const PHOTOS = 64;
const CROPS = 960;

/** Writes the files below a new folder. Faces are FER2013's if this machine has them, and drawn otherwise. */
export async function makeWorkloads(): Promise<{ root: string; workloads: readonly Workload[] }> {
  const faces = hasFer2013 ? await ferFaces(CROPS / 6) : drawnFaces(CROPS);
  const root = mkdtempSync(join(tmpdir(), "vultus-load-"));
  const photos = await written(join(root, "photos"), "jpg", PHOTOS, (i) => {
    const rng = random("serve-load", i);
    const face = faces[i % faces.length] as Picture;
    const side = Math.round(rng.uniform(180, 380));
    const at = { x: Math.round(rng.uniform(300, 950)), y: Math.round(rng.uniform(250, 550)), side };
    return encoded(composite(1250, 800, [{ face, ...at }], i), "jpeg");
  });
  const crops = await written(join(root, "crops"), "png", faces.length, (i) =>
    encoded(faces[i] as Picture, "png"),
  );
  const sixteens = Array.from({ length: Math.floor(crops.length / 16) }, (_, i) =>
    multipart(crops.slice(16 * i, 16 * i + 16)),
  );
  const one = "/v1/predict";
  const crop = "/v1/predict?detect=false";
  return {
    root,
    workloads: [
      {
        name: "photo",
        folder: join(root, "photos"),
        files: photos.length,
        predictArgs: [],
        picturesPerRequest: 1,
        clients: 12,
        requests: photos.map((body) => ({ path: one, type: "image/jpeg", body })),
      },
      {
        name: "crops-16",
        folder: join(root, "crops"),
        files: crops.length,
        predictArgs: ["--no-detect"],
        picturesPerRequest: 16,
        clients: 6,
        requests: sixteens.map((body) => ({
          path: crop,
          type: `multipart/form-data; boundary=${BOUNDARY}`,
          body,
        })),
      },
      {
        name: "crop",
        folder: join(root, "crops"),
        files: crops.length,
        predictArgs: ["--no-detect"],
        picturesPerRequest: 1,
        clients: 48,
        requests: crops.map((body) => ({ path: crop, type: "image/png", body })),
      },
    ],
  };
}

async function written(
  folder: string,
  extension: string,
  count: number,
  make: (index: number) => Promise<Buffer>,
): Promise<Buffer[]> {
  mkdirSync(folder);
  const files: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = await make(i);
    writeFileSync(join(folder, `${String(i).padStart(4, "0")}.${extension}`), bytes);
    files.push(bytes);
  }
  return files;
}

/** Writes a JPEG in colour, as cameras do; a PNG unchanged. */
function encoded({ pixels, width, height, channels }: Picture, format: "jpeg" | "png"): Promise<Buffer> {
  const picture = sharp(pixels, { raw: { width, height, channels } });
  return (format === "jpeg" ? picture.toColourspace("srgb").jpeg({ quality: 90 }) : picture.png()).toBuffer();
}

const BOUNDARY = "vultus-load";

function multipart(files: readonly Buffer[]): Buffer {
  return Buffer.concat([
    ...files.flatMap((file, i) => [
      Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="pictures"; filename="${i}.png"\r\nContent-Type: image/png\r\n\r\n`,
      ),
      file,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ]);
}
