/** The accent colour of each expression; the colours themselves are in tokens.css. */

export const known = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"];

/** As a CSS colour. Classes that vultus does not know take the colours in their order. */
export function accentOf(name: string, index: number): string {
  return `var(${variableOf(name, index)})`;
}

/** The same as it is now, for a canvas: light or dark. */
export function computedAccent(element: Element, name: string, index: number): string {
  return getComputedStyle(element).getPropertyValue(variableOf(name, index)).trim();
}

function variableOf(name: string, index: number): string {
  const lower = name.toLowerCase();
  return `--${known.includes(lower) ? lower : (known[index % known.length] as string)}`;
}
