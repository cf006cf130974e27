/** If a device is lost, the work on it fails, even if the runtime never answers. */

import { expect, test } from "vitest";
import { DeviceLoss, reasonOfLoss } from "./device-loss.ts";
import { EngineLost } from "./engine.ts";

function losable(): { loss: DeviceLoss; lose: (reason: string) => void } {
  let lose: (reason: string) => void = () => {};
  const loss = new DeviceLoss(new Promise((resolve) => (lose = resolve)));
  return { loss, lose };
}

test("work on a device that is there succeeds and fails as it does", async () => {
  const { loss } = losable();
  expect(await loss.during(async () => 3)).toBe(3);
  await expect(loss.during(() => Promise.reject(new Error("wrong shape")))).rejects.toThrow("wrong shape");
  expect(loss.isLost).toBe(false);
});

test("work that never ends fails when the device is lost, and so does all that comes later", async () => {
  const { loss, lose } = losable();
  const endless = loss.during(() => new Promise(() => {}));
  lose("driver reset");
  await expect(endless).rejects.toThrow(new EngineLost("the graphics processor was lost: driver reset"));
  expect(loss.isLost).toBe(true);
  await expect(loss.during(async () => 3)).rejects.toThrow(EngineLost);
});

test("an error of the runtime before the loss is reported is the loss", async () => {
  const { loss, lose } = losable();
  const failing = loss.during(() => Promise.reject(new Error("buffer is destroyed")));
  lose("taken away");
  await expect(failing).rejects.toThrow("the graphics processor was lost: taken away");
});

test("the reason is what the browser gives", async () => {
  expect(await reasonOfLoss({ lost: Promise.resolve({ message: "gone", reason: "destroyed" }) })).toBe(
    "gone",
  );
  expect(await reasonOfLoss({ lost: Promise.resolve({ reason: "destroyed" }) })).toBe("destroyed");
});
