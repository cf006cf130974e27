/** A small grey canvas for shapes, which are given as signed distances in the coordinates of the turned head. */

export const SIZE = 48;

/** A shape in the units of a frame. */
export interface Shape {
  /** Negative inside, positive outside; it need not be correct outside the box. */
  readonly distance: (x: number, y: number) => number;
  /** A bounding box of the shape; painting skips the rest. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** One pair of coordinates per pixel, and the width of a pixel in these coordinates. */
export interface Frame {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly pixel: number;
  /** Minimum and maximum y in each row of pixels, so that painting can skip rows. */
  readonly rows: Float32Array;
}

function frameOf(
  pixel: number,
  point: (column: number, row: number) => readonly [x: number, y: number],
): Frame {
  const x = new Float32Array(SIZE * SIZE);
  const y = new Float32Array(SIZE * SIZE);
  const rows = new Float32Array(2 * SIZE);
  for (let row = 0, i = 0; row < SIZE; row++) {
    let [least, greatest] = [FAR, -FAR];
    for (let column = 0; column < SIZE; column++, i++) {
      const [px, py] = point(column + 0.5, row + 0.5);
      x[i] = px;
      y[i] = py;
      if (px === FAR) continue;
      least = Math.min(least, py);
      greatest = Math.max(greatest, py);
    }
    rows[2 * row] = least;
    rows[2 * row + 1] = greatest;
  }
  return { x, y, pixel, rows };
}

/** An x that no shape reaches. */
const FAR = 99;

export interface Pose {
  /** Centre of the head, in pixels. */
  readonly centreX: number;
  readonly centreY: number;
  /** Half the head's width, in pixels. */
  readonly radius: number;
  /** Half the head's height over half its width. */
  readonly aspect: number;
  /** Angles in radians: turn, nod and tilt. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

export interface Frames {
  /** The image plane, centred on the head, tilted with it and scaled to its half width. */
  readonly plane: Frame;
  /**
   * The skin: the point under each pixel on the front of an ellipsoid that turns and nods; outside it, everything is far
   * away.
   */
  readonly skin: Frame;
}

/** Returns the frames of a head: the only place that knows its three-dimensional shape. */
export function framesOf({ centreX, centreY, radius, aspect, yaw, pitch, roll }: Pose): Frames {
  const [cosRoll, sinRoll] = [Math.cos(roll), Math.sin(roll)];
  const [cosYaw, sinYaw] = [Math.cos(yaw), Math.sin(yaw)];
  const [cosPitch, sinPitch] = [Math.cos(pitch), Math.sin(pitch)];
  const onPlane = (column: number, row: number): [number, number] => {
    const dx = (column - centreX) / radius;
    const dy = (row - centreY) / radius;
    return [dx * cosRoll + dy * sinRoll, dy * cosRoll - dx * sinRoll];
  };
  const onSkin = (column: number, row: number): [number, number] => {
    const [u, v] = onPlane(column, row);
    const w = v / aspect;
    const square = u * u + w * w;
    if (square > 1.02) return [FAR, FAR];
    const depth = Math.sqrt(Math.max(0, 1 - square));
    const forward = u * sinYaw + depth * cosYaw;
    return [u * cosYaw - depth * sinYaw, (w * cosPitch - forward * sinPitch) * aspect];
  };
  return { plane: frameOf(1 / radius, onPlane), skin: frameOf(1 / radius, onSkin) };
}

/** The frame of the image itself, each side from 0 to 1. */
export const wholeFrame: Frame = frameOf(1 / SIZE, (column, row) => [column / SIZE, row / SIZE]);

/**
 * Paints a shape in one shade. `soft` is the width of its edge in the frame's units; the default is one pixel, which
 * approximates a pixel's coverage.
 */
export function paint(
  picture: Float32Array,
  frame: Frame,
  shape: Shape,
  shade: number,
  opacity = 1,
  soft = frame.pixel,
): void {
  const { x, y, rows } = frame;
  const { distance } = shape;
  const [left, right] = [shape.left - soft / 2, shape.right + soft / 2];
  const [top, bottom] = [shape.top - soft / 2, shape.bottom + soft / 2];
  for (let row = 0; row < SIZE; row++) {
    if ((rows[2 * row] as number) > bottom || (rows[2 * row + 1] as number) < top) continue;
    for (let i = row * SIZE; i < (row + 1) * SIZE; i++) {
      const px = x[i] as number;
      const py = y[i] as number;
      if (px < left || px > right || py < top || py > bottom) continue;
      const coverage = 0.5 - distance(px, py) / soft;
      if (coverage <= 0) continue;
      const old = picture[i] as number;
      picture[i] = old + (shade - old) * opacity * (coverage < 1 ? coverage : 1);
    }
  }
}

/** Returns a shape of unlimited extent. */
export function anywhere(distance: (x: number, y: number) => number): Shape {
  return { distance, left: -9, right: 9, top: -9, bottom: 9 };
}

/**
 * Returns an ellipse; the distance is exact on its axes and near its edge (Quilez, "ellipse distance approximation").
 */
export function ellipse(cx: number, cy: number, rx: number, ry: number): Shape {
  const distance = (x: number, y: number): number => {
    const dx = (x - cx) / rx;
    const dy = (y - cy) / ry;
    const length = Math.sqrt(dx * dx + dy * dy);
    if (length === 0) return -Math.min(rx, ry);
    return (length * (length - 1)) / Math.sqrt((dx / rx) ** 2 + (dy / ry) ** 2);
  };
  return { distance, left: cx - rx, right: cx + rx, top: cy - ry, bottom: cy + ry };
}

export function box(cx: number, cy: number, rx: number, ry: number): Shape {
  const distance = (x: number, y: number): number => Math.max(Math.abs(x - cx) - rx, Math.abs(y - cy) - ry);
  return { distance, left: cx - rx, right: cx + rx, top: cy - ry, bottom: cy + ry };
}

/** Returns a stroke with round ends. */
export function stroke(ax: number, ay: number, bx: number, by: number, radius: number): Shape {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy;
  const distance = (x: number, y: number): number => {
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
    const [ex, ey] = [x - ax - along * dx, y - ay - along * dy];
    return Math.sqrt(ex * ex + ey * ey) - radius;
  };
  return {
    distance,
    left: Math.min(ax, bx) - radius,
    right: Math.max(ax, bx) + radius,
    top: Math.min(ay, by) - radius,
    bottom: Math.max(ay, by) + radius,
  };
}

/** The number of points at which a band's curves are sampled, with straight lines between. */
const KNOTS = 48;

/** Returns the area below the curve `top` and above the curve `bottom`, from `left` to `right`. */
export function band(
  left: number,
  right: number,
  top: (x: number) => number,
  bottom: (x: number) => number,
): Shape {
  const tops = new Float32Array(KNOTS + 1);
  const bottoms = new Float32Array(KNOTS + 1);
  let [highest, lowest] = [9, -9];
  for (let k = 0; k <= KNOTS; k++) {
    const x = left + ((right - left) * k) / KNOTS;
    const [t, b] = [top(x), bottom(x)];
    tops[k] = t;
    bottoms[k] = b;
    if (t < highest) highest = t;
    if (b > lowest) lowest = b;
  }
  const distance = (x: number, y: number): number => {
    const place = ((x - left) / (right - left)) * KNOTS;
    const knot = place < 0 ? 0 : place >= KNOTS ? KNOTS - 1 : Math.floor(place);
    const share = Math.min(1, Math.max(0, place - knot));
    const t = tops[knot] as number;
    const b = bottoms[knot] as number;
    const above = t + share * ((tops[knot + 1] as number) - t) - y;
    const below = y - b - share * ((bottoms[knot + 1] as number) - b);
    return Math.max(left - x, x - right, above, below);
  };
  return { distance, left, right, top: highest, bottom: lowest };
}

/** Returns the outline of a shape. */
export function outline({ distance, left, right, top, bottom }: Shape, radius: number): Shape {
  return {
    distance: (x, y) => Math.abs(distance(x, y)) - radius,
    left: left - radius,
    right: right + radius,
    top: top - radius,
    bottom: bottom + radius,
  };
}

/** Returns the intersection of two shapes. */
export function both(a: Shape, b: Shape): Shape {
  return {
    distance: (x, y) => Math.max(a.distance(x, y), b.distance(x, y)),
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  };
}

/** Returns the first shape minus the second. */
export function without(a: Shape, b: Shape): Shape {
  return { ...a, distance: (x, y) => Math.max(a.distance(x, y), -b.distance(x, y)) };
}

/** Returns a shape on the right and its mirror image on the left. */
export function mirrored(shape: Shape): Shape {
  return { ...shape, left: -shape.right, distance: (x, y) => shape.distance(Math.abs(x), y) };
}

/** Returns only the mirror image. */
export function flipped(shape: Shape): Shape {
  return {
    ...shape,
    left: -shape.right,
    right: -shape.left,
    distance: (x, y) => shape.distance(-x, y),
  };
}
