/** Starts a service that takes images over HTTP and returns faces and probabilities. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSyntheticFaces } from "vultus";
import { createService } from "vultus/server";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
await writeSyntheticFaces(folder, { perClass: 1, validationPerClass: 1, seed: 1 });
const image = readFileSync(join(folder, "validation", "happy", "0001.png"));
rmSync(folder, { recursive: true });

await using service = await createService({ model: "vultus_s", workers: 1, detector: false, log: false });
// Port 0 takes a free one; without a port it is 8080.
const address = await service.listen(0);
const answer = await fetch(`${address}/v1/predict`, {
  method: "POST",
  headers: { "content-type": "image/png" },
  body: image,
});
console.log(`${address} answers ${answer.status}:`, JSON.stringify(await answer.json()));
if (!answer.ok) throw new Error("the service should answer");
