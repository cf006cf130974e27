/** The accent colour of each expression; the colours themselves are in tokens.css. */

export const known = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"];

/** As a CSS colour. Classes unknown to vultus get the colours in order. */
export function accentOf(name: string, index: number): string {
  return `var(${variableOf(name, index)})`;
}

/** The current value, light or dark, for a canvas. */
export function computedAccent(element: Element, name: string, index: number): string {
  return getComputedStyle(element).getPropertyValue(variableOf(name, index)).trim();
}

function variableOf(name: string, index: number): string {
  const lower = name.toLowerCase();
  return `--${known.includes(lower) ? lower : (known[index % known.length] as string)}`;
}
