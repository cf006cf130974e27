/** What is unrelated to the expression and obscures it: hair, beards, backgrounds, hands, light and the camera. */

import type { Random } from "../util/random.ts";
import {
  anywhere,
  band,
  both,
  box,
  ellipse,
  type Frames,
  mirrored,
  outline,
  paint,
  type Shape,
  SIZE,
  stroke,
  wholeFrame,
} from "./synthetic-canvas.ts";
import type { Build } from "./synthetic-features.ts";

export interface Hair {
  readonly style: "bald" | "short" | "fringe" | "parted" | "long" | "curly" | "bun" | "scarf" | "cap";
  readonly shade: number;
  readonly beard: "none" | "stubble" | "full" | "moustache";
  /** Height of the hairline on the forehead. */
  readonly line: number;
  /** −1 or 1: the side of the parting. */
  readonly side: number;
}

const styles = [
  "bald",
  "short",
  "short",
  "fringe",
  "parted",
  "long",
  "long",
  "curly",
  "bun",
  "scarf",
  "cap",
] as const;

export function drawHair(rng: Random): Hair {
  const style = styles[rng.integer(styles.length)] as Hair["style"];
  const shade = rng.chance(0.75) ? rng.uniform(0.03, 0.3) : rng.uniform(0.45, 0.9);
  const roll = rng.next();
  const beard = roll < 0.78 ? "none" : roll < 0.86 ? "stubble" : roll < 0.93 ? "full" : "moustache";
  return { style, shade, beard, line: rng.uniform(-0.92, -0.75), side: rng.chance(0.5) ? 1 : -1 };
}

/** Paints a gradient, and one or two soft shapes that might be furniture. */
export function paintBackground(picture: Float32Array, rng: Random): void {
  const [shade, slopeX, slopeY] = [rng.uniform(0.1, 0.9), rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)];
  for (let i = 0; i < picture.length; i++) {
    picture[i] = shade + slopeX * ((i % SIZE) / SIZE - 0.5) + slopeY * (Math.floor(i / SIZE) / SIZE - 0.5);
  }
  for (let count = rng.integer(3); count > 0; count--) {
    const thing = stroke(rng.next(), rng.next(), rng.next(), rng.next(), rng.uniform(0.02, 0.2));
    paint(picture, wholeFrame, thing, rng.next(), 0.7, rng.uniform(0.02, 0.2));
  }
}

/** Paints the hair behind the head, neck, clothes, ears and the head itself. */
export function paintHead(
  picture: Float32Array,
  { plane }: Frames,
  build: Build,
  hair: Hair,
  aspect: number,
  rng: Random,
): void {
  const round = both(ellipse(0, -0.12, 1.08, aspect), box(0, -0.9, 2, 1.1));
  const behind: Record<Hair["style"], readonly Shape[]> = {
    bald: [],
    short: [round],
    fringe: [round],
    parted: [round],
    long: [stroke(0, -0.15, 0, 1.5, 1.2)],
    curly: [
      anywhere((x, y) => Math.hypot(x, 0.9 * (y + 0.2)) - 1.27 - 0.07 * Math.sin(9 * Math.atan2(y + 0.2, x))),
    ],
    bun: [round, ellipse(0, -1.4, 0.35, 0.35)],
    scarf: [stroke(0, -0.1, 0, 1.6, 1.2)],
    cap: [round],
  };
  for (const shape of behind[hair.style]) paint(picture, plane, shape, hair.shade);
  const veiled = hair.style === "scarf";
  if (!veiled) paint(picture, plane, box(0, 1.7, 0.55, 1), build.skin * 0.7);
  const clothes = veiled ? hair.shade : rng.next();
  paint(
    picture,
    plane,
    anywhere((x, y) => 1.42 + 0.25 * x * x - y),
    clothes,
  );
  if (!veiled && hair.style !== "long")
    paint(picture, plane, mirrored(ellipse(1, 0.02, 0.14, 0.24)), build.skin * 0.85);
  // The jaw narrows towards the chin.
  const jaw = rng.uniform(0.06, 0.22);
  const { distance, ...extent } = ellipse(0, 0, 1, aspect);
  const head = {
    ...extent,
    distance: (x: number, y: number) => distance(x * (1 + jaw * Math.max(0, y) ** 2), y),
  };
  paint(picture, plane, head, build.skin);
}

/** Paints the hair on the forehead, over the finished face. */
export function paintHairline(picture: Float32Array, { skin }: Frames, hair: Hair): void {
  const { style, shade, line, side } = hair;
  if (style === "bald") return;
  const edges: Partial<Record<Hair["style"], (x: number) => number>> = {
    fringe: (x) => line + 0.3 + 0.04 * Math.sin(17 * x),
    parted: (x) => line + 0.05 + 0.35 * Math.abs(x - 0.4 * side) ** 0.8,
    long: (x) => line + 0.05 + 0.5 * x * x,
    curly: (x) => line + 0.1 + 0.06 * Math.sin(14 * x) + 0.25 * x * x,
    scarf: (x) => line + 0.15 + 0.9 * x ** 4,
    cap: () => line + 0.22,
  };
  const edge = edges[style] ?? ((x) => line + 0.35 * x ** 4);
  const cover = band(-1.2, 1.2, () => -2, edge);
  paint(picture, skin, cover, shade);
  if (style === "cap") paint(picture, skin, box(0, line + 0.26, 1, 0.07), shade * 0.5);
  else if (style !== "scarf") {
    const strands = anywhere((x, y) => 0.03 * Math.sin(27 * x + 2 * y));
    paint(picture, skin, both(cover, strands), shade * 0.7 + 0.12, 0.4);
  }
}

/** Paints a beard; called before the mouth is painted, so that the mouth stays visible. */
export function paintBeard(picture: Float32Array, { skin }: Frames, build: Build, hair: Hair): void {
  if (hair.beard === "none") return;
  const mouth = build.mouthY;
  const shade = Math.min(hair.shade, build.skin * 0.6);
  const jaw = band(
    -1.2,
    1.2,
    (x) => mouth - 0.18 - 0.5 * Math.max(0, Math.abs(x) - 0.5),
    () => 2,
  );
  const lip = band(
    -0.36,
    0.36,
    (x) => mouth - 0.18 + 0.5 * x * x,
    (x) => mouth - 0.07 + 0.4 * x * x,
  );
  if (hair.beard === "stubble") paint(picture, skin, jaw, shade, 0.35, 0.15);
  else if (hair.beard === "full") paint(picture, skin, jaw, shade, 0.85, 0.1);
  else paint(picture, skin, lip, shade, 0.85, 0.08);
}

/** Sometimes paints a strand of hair, a hand or a plain object in front of the face. */
export function paintOcclusion(
  picture: Float32Array,
  { plane }: Frames,
  build: Build,
  hair: Hair,
  rng: Random,
): void {
  const what = rng.next();
  const side = rng.chance(0.5) ? 1 : -1;
  if (what < 0.08) {
    const bend = rng.uniform(0.2, 0.9) * side;
    const strand = anywhere((x, y) => Math.abs(x - bend * (1 - 0.4 * (y - 0.3) ** 2)) - 0.05);
    paint(picture, plane, both(strand, ellipse(0, -0.4, 2, 1.1)), hair.shade, 0.9);
  } else if (what < 0.16) {
    // Fingers on the cheek, thumb under the chin.
    const [x, y] = [rng.uniform(0.75, 1.05) * side, rng.uniform(0.5, 1)];
    for (let finger = 0; finger < 4; finger++) {
      const tip = y - 0.45 + 0.19 * finger;
      const reach = stroke(x + 0.7 * side, y + 0.15 * finger, x - 0.1 * side, tip, 0.1);
      paint(picture, plane, reach, build.skin * 0.92);
      paint(picture, plane, outline(reach, 0.02), build.skin * 0.5, 0.7);
    }
  } else if (what < 0.22) {
    const [x, y] = [rng.uniform(-1, 1), rng.uniform(-1, 1.2)];
    const [rx, ry] = [rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.3)];
    paint(picture, plane, box(x, y, rx, ry), rng.next());
  }
}

/** Applies light from one side: Lambert's law on the ellipsoid, plus ambient light. */
export function light(
  picture: Float32Array,
  { plane }: Frames,
  aspect: number,
  angle: number,
  strength: number,
): void {
  const [lx, ly, lz] = [0.75 * Math.cos(angle), 0.75 * Math.sin(angle), 0.66];
  for (let i = 0; i < picture.length; i++) {
    const u = plane.x[i] as number;
    const v = (plane.y[i] as number) / aspect;
    const length = Math.max(1, Math.hypot(u, v));
    const depth = Math.sqrt(Math.max(0, 1 - u * u - v * v));
    const lambert = Math.max(0, (lx * u + ly * v) / length + lz * depth);
    picture[i] = (picture[i] as number) * (1 - strength + strength * 1.35 * lambert);
  }
}

/** Simulates the camera: blur, exposure, contrast, noise, and rounding to bytes. */
export function expose(picture: Float32Array, rng: Random): Uint8Array {
  const blurred = blur(picture, 0.18 * rng.next() ** 2);
  const mean = blurred.reduce((sum, value) => sum + value, 0) / blurred.length;
  // Like a camera's automatic exposure, this usually brings the mean close to the middle.
  const gain = (rng.uniform(0.36, 0.56) / Math.max(0.1, mean)) * rng.uniform(0.85, 1.1);
  const contrast = rng.uniform(0.75, 1.2);
  const noise = 0.03 * rng.next() ** 2;
  const pixels = new Uint8Array(picture.length);
  for (let i = 0; i < pixels.length; i++) {
    // The sum of two uniform numbers is close enough to a normal deviate, and fast.
    const grain = (rng.next() + rng.next() - 1) * 2.45 * noise;
    const value = ((blurred[i] as number) * gain - 0.5) * contrast + 0.5 + grain;
    pixels[i] = Math.round(255 * Math.min(1, Math.max(0, value)));
  }
  return pixels;
}

/** Applies a binomial blur twice in each direction; `weight` is the weight of each neighbour. */
function blur(picture: Float32Array, weight: number): Float32Array {
  let from = picture;
  for (const step of [1, SIZE, 1, SIZE]) {
    const to = new Float32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const here = from[i] as number;
      const place = step === 1 ? i % SIZE : Math.floor(i / SIZE);
      const before = place > 0 ? (from[i - step] as number) : here;
      const after = place < SIZE - 1 ? (from[i + step] as number) : here;
      to[i] = here + weight * (before + after - 2 * here);
    }
    from = to;
  }
  return from;
}
