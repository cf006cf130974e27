/** Training in a browser, loaded with its first call: a page that only predicts loads no compiler. */

import type { WebTraining, WebTrainOptions } from "./train-options.web.ts";

/**
 * Trains a classifier in the browser: `const { bundle } = await train({ model: "/vultus_s.onnx", training, validation })`. It
 * runs on the calling thread: call it in a worker to keep the page responsive.
 *
 * @throws UsageError for examples, classes or a recipe that cannot be trained; FormatError for a file that is not a model or not
 * an image; VultusError if the model cannot be fetched or the loss becomes NaN.
 */
export async function train(options: WebTrainOptions): Promise<WebTraining> {
  return (await import("./train.web.ts")).train(options);
}
