/** The worker of an engine, and its end. */

import { expect, test } from "vitest";
import { loadBundle } from "../program/read-bundle.node.ts";
import { startEngine } from "./engine.node.ts";

test("closing within a run waits for its end: ended at once, the worker would abort the process", async () => {
  const engine = startEngine({ device: "cpu", threads: 1 });
  const open = await engine.open(loadBundle("vultus_m").program);
  const shape = [32, 96, 96, 3];
  const data = new Uint8Array(32 * 96 * 96 * 3);
  const run = open.run({ pictures: { dtype: "uint8", shape, data } });
  await engine.close();
  expect((await run).probabilities?.shape).toEqual([32, 6]);
  await expect(open.state()).rejects.toThrow("closed");
});
