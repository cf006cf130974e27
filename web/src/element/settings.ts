/** The parsed attributes of the element. */

export interface Settings {
  /** Absolute; undefined for the model next to the element's script. */
  readonly model: string | undefined;
  /** Undefined for the class prior of the model. */
  readonly prior: string | undefined;
  /** Absolute; undefined for the camera. */
  readonly src: string | undefined;
  readonly autostart: boolean;
  readonly threshold: number;
  readonly smooth: number;
  readonly facing: "user" | "environment";
}

export const attributes = ["model", "prior", "src", "autostart", "threshold", "smooth", "facing"] as const;

/** Missing or invalid values get the defaults. */
export function settingsOf(element: Element): Settings {
  const address = (name: string): string | undefined => {
    const value = element.getAttribute(name);
    if (value === null || value === "") return undefined;
    return URL.canParse(value, element.baseURI) ? new URL(value, element.baseURI).href : value;
  };
  return {
    model: address("model"),
    prior: element.getAttribute("prior") || undefined,
    src: address("src"),
    autostart: element.hasAttribute("autostart"),
    threshold: numberOf(element.getAttribute("threshold"), 0.5, 1),
    smooth: numberOf(element.getAttribute("smooth"), 0.4, Number.POSITIVE_INFINITY),
    facing: element.getAttribute("facing") === "environment" ? "environment" : "user",
  };
}

/** Parses a number from 0 to `most`; otherwise returns the default. */
function numberOf(text: string | null, usual: number, most: number): number {
  const value = Number(text ?? "");
  return text?.trim() && value >= 0 && value <= most ? value : usual;
}
