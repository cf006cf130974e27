/** The class prior of the probabilities: as each model was trained, or closer to equal shares of the classes. */

import { choiceNamed, priorChoices } from "./prior-choice.ts";
import type { Models } from "./use-models.ts";

/** Nothing if no model records its training prior. */
export function PriorSelect({ models, prior, setPrior }: Pick<Models, "models" | "prior" | "setPrior">) {
  const able = models.filter((model) => model.prior !== undefined);
  if (able.length === 0) return null;
  // Without a choice, every model with the training prior uses that.
  const isAsTrained = able.every((model) => model.prior === "trained");
  const unable = models.filter((model) => model.prior === undefined);
  return (
    <label class="choice">
      <span>Class prior</span>
      <select
        class="button"
        value={prior ?? (isAsTrained ? "trained" : "")}
        onChange={({ currentTarget }) => setPrior(choiceNamed(currentTarget.value))}
      >
        {!isAsTrained && <option value="">as set for the model</option>}
        {Object.entries(priorChoices).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {unable.length > 0 && <span>not of {unable.map(({ name }) => name).join(", ")}</span>}
    </label>
  );
}
