/** The class prior that the user chooses for all models of the page. The browser remembers it. */

/** By what the worker is asked for; no choice leaves each model the prior that it came with. */
export const priorChoices = {
  trained: "as trained",
  "uniform:0.5": "half-way",
  uniform: "uniform",
} as const;
export type ChosenPrior = keyof typeof priorChoices;

const KEY = "vultus.prior";

/** What was chosen on an earlier visit. */
export function rememberedPrior(): ChosenPrior | undefined {
  try {
    return choiceNamed(localStorage.getItem(KEY) ?? "");
  } catch {
    // A browser may forbid a page to store anything.
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
