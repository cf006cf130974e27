/** The shipped models in their shipped form: batches of 64 cropped faces of 48 px, including preprocessing. */

import { loadBundle } from "../src/program/read-bundle.node.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { random } from "../src/util/random.ts";
import type { Tensor } from "../src/util/tensor.ts";
import { shippedModel } from "../src/weights/shipped.node.ts";
import type { Row } from "./row.ts";
import { median } from "./turns.ts";

const BATCH = 64;

export async function faces(model: string, turns: number): Promise<Row> {
  const { program } = loadBundle(shippedModel(model));
  const session = await openSession(program.model, { device: "cpu", threads: 2 });
  const shape = [BATCH, 48, 48, 3];
  const rng = random("faces");
  const data = Uint8Array.from({ length: BATCH * 48 * 48 * 3 }, () => rng.integer(256));
  const pictures: Tensor = { dtype: "uint8", shape, data };
  const speeds: number[] = [];
  for (let turn = 0; turn <= turns * 5; turn++) {
    const started = performance.now();
    await session.run({ pictures });
    // The first turn is a warm-up.
    if (turn > 0) speeds.push((1000 * BATCH) / (performance.now() - started));
  }
  await session.release();
  return { name: `predict-${model}`, value: median(speeds), unit: "faces/s" };
}
