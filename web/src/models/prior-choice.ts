/** The class prior that the user chooses for all models of the page. The browser remembers it. */

/** In the form of the worker's requests; without a choice each model keeps its original prior. */
export const priorChoices = {
  trained: "as trained",
  "uniform:0.5": "half-way",
  uniform: "uniform",
} as const;
export type ChosenPrior = keyof typeof priorChoices;

const KEY = "vultus.prior";

/** The choice of an earlier visit. */
export function rememberedPrior(): ChosenPrior | undefined {
  try {
    return choiceNamed(localStorage.getItem(KEY) ?? "");
  } catch {
    // A browser may forbid pages to store anything.
    return undefined;
  }
}

export function rememberPrior(choice: ChosenPrior | undefined): void {
  try {
    if (choice === undefined) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // The choice then lasts as long as the page.
  }
}

export function choiceNamed(name: string): ChosenPrior | undefined {
  return Object.hasOwn(priorChoices, name) ? (name as ChosenPrior) : undefined;
}
