/** Work on a device that may be lost: a graphics processor can be reset, taken away, or given to another page. */

import { messageOf } from "../util/errors.ts";
import { EngineLost } from "./engine.ts";

/** Work on a lost device may fail before the loss is reported: the time to wait for the report, in milliseconds. */
const GRACE = 500;

export class DeviceLoss {
  #error: EngineLost | undefined;
  readonly #waiting = new Set<(error: EngineLost) => void>();
  readonly #lost: Promise<void>;

  /** `lost` resolves with the reason when the device is lost, and otherwise never. */
  constructor(lost: Promise<string>) {
    this.#lost = lost.then((reason) => {
      this.#error = new EngineLost(`the graphics processor was lost: ${reason}`);
      for (const fail of this.#waiting) fail(this.#error);
    });
  }

  get isLost(): boolean {
    return this.#error !== undefined;
  }

  /**
   * Returns the result of `work` on the device. @throws EngineLost if the device is lost, even if the work never
   * ends.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#error) throw this.#error;
    // Does not use Promise.race with a single promise for the loss: a pending promise would keep every result in
    // memory.
    let stop = (): unknown => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiting.add(reject);
        stop = () => this.#waiting.delete(reject);
        work().then(resolve, reject);
      });
    } catch (error) {
      await Promise.race([this.#lost, new Promise((resolve) => setTimeout(resolve, GRACE))]);
      throw this.#error ?? error;
    } finally {
      stop();
    }
  }
}

/** Returns the browser's reason, or a text that it gave none. */
export async function reasonOfLoss(device: LosableDevice): Promise<string> {
  try {
    const { reason, message } = await device.lost;
    return message || reason || "the browser gives no reason";
  } catch (error) {
    return messageOf(error);
  }
}

/** The part of GPUDevice that is used here. */
export interface LosableDevice {
  readonly lost: Promise<{ readonly reason?: string; readonly message?: string }>;
}
