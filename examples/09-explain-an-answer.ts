/** Shows where a model looked: writes a heat map over a face as an image. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain, writeSyntheticFaces } from "vultus";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  const faces = join(folder, "faces");
  await writeSyntheticFaces(faces, { perClass: 1, validationPerClass: 1, seed: 1 });
  const { photos } = await explain({
    model: "vultus_s",
    photos: join(faces, "validation", "happy"),
    // The photos are faces already.
    detector: false,
    out: join(folder, "explained"),
  });
  const faceCount = photos.flatMap((photo) => photo.faces).length;
  for (const { file, faces: found } of photos)
    for (const { label, overlay } of found) console.log(`${file}: ${label}; where it looked: ${overlay}`);
  if (faceCount !== 1) throw new Error(`one face was given, ${faceCount} were explained`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
