/**
 * Places labels in an image with many faces: each at its box, without overlapping other labels, and covering little of any face.
 */

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** A placed label: the chosen form, and its upper left corner. */
export interface Placed {
  readonly form: number;
  readonly left: number;
  readonly top: number;
}

/** Distance between a label and its box, in pixels. */
const GAP = 2;
/** The share that a label may cover of another face, and of its own. */
const MOST_OF_OTHERS = 0.15;
const MOST_OF_OWN = 0.35;

/**
 * Places the labels of faces in a stage; all in pixels as they are shown. `forms` are the extents of a face's label in its forms,
 * the longest first. First every face gets its shortest form if there is room, then a longer one if there is still room; but
 * `chosen` gets its longest form before all others. @returns undefined for a face without room for a label, which then has only
 * its box.
 */
export function placeLabels(
  faces: readonly { readonly box: Rect; readonly forms: readonly Extent[] }[],
  stage: Extent,
  chosen?: number,
): (Placed | undefined)[] {
  const placed: (Placed | undefined)[] = faces.map(() => undefined);
  const rectOf = (i: number): Rect | undefined => {
    const at = placed[i];
    return at && { ...at, ...(faces[i]?.forms[at.form] as Extent) };
  };
  const fits = (label: Rect, face: number): boolean =>
    label.left >= 0 &&
    label.top >= 0 &&
    label.left + label.width <= stage.width &&
    label.top + label.height <= stage.height &&
    faces.every(({ box }, i) => {
      const other = i === face ? undefined : rectOf(i);
      if (other && common(label, other) > 0) return false;
      const most = i === face ? MOST_OF_OWN : MOST_OF_OTHERS;
      return common(label, box) <= most * box.width * box.height;
    });
  const place = (face: number, form: number, anyhow = false): void => {
    const { box, forms } = faces[face] as (typeof faces)[number];
    const extent = forms[form] as Extent;
    const places = placesFor(box, extent, stage);
    const at =
      places.find((label) => fits({ ...label, ...extent }, face)) ?? (anyhow ? places.at(-1) : undefined);
    if (at) placed[face] = { form, ...at };
  };
  if (chosen !== undefined && faces[chosen]) place(chosen, 0, true);
  const largestFirst = faces
    .map((_, i) => i)
    .filter((i) => i !== chosen)
    .sort((a, b) => areaOf(faces[b]) - areaOf(faces[a]));
  for (const face of largestFirst) place(face, (faces[face]?.forms.length ?? 0) - 1);
  for (const face of largestFirst) {
    const shortest = placed[face]?.form ?? 0;
    for (let form = 0; form < shortest && placed[face]?.form === shortest; form++) place(face, form);
  }
  return placed;
}

/** Above the box, below it, and in its upper corner; shifted sideways to fit the stage. */
function placesFor(box: Rect, label: Extent, stage: Extent): { left: number; top: number }[] {
  const { left, top, width, height } = box;
  const inside = (x: number): number => Math.max(0, Math.min(x, stage.width - label.width));
  const [above, below] = [top - GAP - label.height, top + height + GAP];
  const starts = [left, left + width - label.width, left + (width - label.width) / 2];
  return [
    ...[above, below].flatMap((y) => starts.map((x) => ({ left: inside(x), top: y }))),
    { left: inside(left + GAP), top: top + GAP },
  ];
}

function areaOf(face: { readonly box: Rect } | undefined): number {
  return face ? face.box.width * face.box.height : 0;
}

function common(a: Rect, b: Rect): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}
