/**
 * Draws the map: points in the colour and shape of their group, and on top of them the hovered, focused and lasso-selected ones.
 */

import type { Extent } from "../parts/place-labels.ts";
import type { Group } from "./map-colours.ts";
import { type Point, pointAt } from "./map-geometry.ts";
import type { Shape } from "./palette.ts";

/** Radius of a point in pixels, and of a selected one. */
const RADIUS = 3.5;
const SELECTED_RADIUS = 4.5;
/** Opacity of other points while some are selected. */
const FADED = 0.25;

/** Fits the canvas to its size and the screen's pixels, and clears it. */
function cleared(canvas: HTMLCanvasElement, { width, height }: Extent): CanvasRenderingContext2D {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.scale(ratio, ratio);
  return context;
}

/** Selected points are above the others, and coloured points above uncoloured ones. */
export function drawPoints(
  canvas: HTMLCanvasElement,
  extent: Extent,
  points: Float32Array,
  groups: readonly Group[],
  isSelected: ((index: number) => boolean) | undefined,
): void {
  const context = cleared(canvas, extent);
  const style = getComputedStyle(canvas);
  const colours = new Map(groups.map((group) => [group, style.getPropertyValue(group.marking.colour)]));
  context.strokeStyle = style.getPropertyValue("--panel");
  context.lineWidth = 0.75;
  const height = (i: number): number => Number(isSelected?.(i) ?? false) * 10 + (groups[i]?.layer ?? 0);
  for (const i of groups.map((_, i) => i).sort((a, b) => height(a) - height(b))) {
    const group = groups[i] as Group;
    const selected = isSelected?.(i) ?? false;
    context.globalAlpha = isSelected && !selected ? FADED : 1;
    context.fillStyle = colours.get(group) as string;
    context.beginPath();
    addShape(context, group.marking.shape, pointAt(points, i), selected ? SELECTED_RADIUS : RADIUS);
    context.fill();
    context.stroke();
  }
}

export interface Marks {
  readonly hovered: Point | undefined;
  readonly focused: Point | undefined;
  /** Radius of the circle around the focused point. */
  readonly radius: number;
  readonly loop: readonly Point[];
}

export function drawMarks(
  canvas: HTMLCanvasElement,
  extent: Extent,
  { hovered, focused, radius, loop }: Marks,
): void {
  const context = cleared(canvas, extent);
  const style = getComputedStyle(canvas);
  const ink = style.getPropertyValue("--ink");
  const accent = style.getPropertyValue("--accent");
  const ring = ({ x, y }: Point, size: number, colour: string, width: number): void => {
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  };
  if (hovered) ring(hovered, 7, ink, 1.5);
  if (focused) {
    ring(focused, 7, accent, 2.5);
    context.setLineDash([4, 4]);
    ring(focused, radius, accent, 1);
    context.setLineDash([]);
  }
  if (loop.length < 2) return;
  context.beginPath();
  for (const { x, y } of loop) context.lineTo(x, y);
  context.closePath();
  context.globalAlpha = 0.12;
  context.fillStyle = accent;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = accent;
  context.lineWidth = 1.5;
  context.stroke();
}

function addShape(path: CanvasPath, shape: Shape, { x, y }: Point, radius: number): void {
  if (shape === "circle") {
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  cornersOf[shape].forEach(([dx, dy], i) => {
    const at = [x + dx * radius, y + dy * radius] as const;
    if (i === 0) path.moveTo(...at);
    else path.lineTo(...at);
  });
  path.closePath();
}

/** Corners of shapes of about the same area, in radii. */
export const cornersOf: Readonly<Record<Exclude<Shape, "circle">, readonly (readonly [number, number])[]>> = {
  square: [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  triangle: [
    [0, -1.3],
    [1.2, 0.9],
    [-1.2, 0.9],
  ],
  diamond: [
    [0, -1.3],
    [1.3, 0],
    [0, 1.3],
    [-1.3, 0],
  ],
};
