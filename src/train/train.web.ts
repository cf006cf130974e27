/** Trains a classifier in a browser, by the recipes and the loop that Node has. */

import { VultusError } from "../util/errors.ts";
import type { WebTraining, WebTrainOptions } from "./train-options.web.ts";

export async function train(_options: WebTrainOptions): Promise<WebTraining> {
  throw new VultusError("training in a browser is not finished yet");
}
