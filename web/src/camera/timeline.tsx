/** The last minute of one face, with a line per expression. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import { accentOf, computedAccent } from "../style/accents.ts";
import { SPAN } from "./history.ts";

export interface TimelineProps {
  readonly classes: readonly string[];
  readonly sightings: readonly { readonly time: number; readonly face: TrackedFace }[];
  /** The time at the right end, in seconds. */
  readonly now: number;
  readonly heading: string;
}

const HEIGHT = 140;
const MARGIN = { left: 46, right: 8, top: 8, bottom: 22 };

/** A face that was not seen for this long has a gap in its lines. */
const GAP = 2;

export function Timeline({ classes, sightings, now, heading }: TimelineProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, width, { classes, sightings, now });
  });
  return (
    <figure class="timeline">
      <figcaption>{heading}</figcaption>
      <canvas
        ref={canvas}
        style={{ height: `${HEIGHT}px` }}
        role="img"
        aria-label={spoken(classes, sightings)}
      />
      <ul class="legend" aria-hidden="true">
        {classes.map((name, i) => (
          <li key={name}>
            <span class="dot" style={{ background: accentOf(name, i) }} />
            {name}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  { classes, sightings, now }: Pick<TimelineProps, "classes" | "sightings" | "now">,
): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(canvas);
  const ink = style.getPropertyValue("--muted").trim();
  const line = style.getPropertyValue("--line").trim();
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const x = (time: number): number => right - ((now - time) / SPAN) * (right - MARGIN.left);
  const y = (value: number): number => bottom - value * (bottom - MARGIN.top);
  context.scale(ratio, ratio);
  context.font = `12px ${style.fontFamily}`;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of [0, 0.5, 1]) {
    context.strokeStyle = line;
    context.beginPath();
    context.moveTo(MARGIN.left, y(value));
    context.lineTo(right, y(value));
    context.stroke();
    context.fillStyle = ink;
    context.fillText(`${100 * value}\u202f%`, MARGIN.left - 6, y(value));
  }
  context.textBaseline = "bottom";
  for (const seconds of [60, 45, 30, 15, 0]) {
    context.textAlign = seconds === 60 ? "left" : seconds === 0 ? "right" : "center";
    context.fillText(seconds === 0 ? "now" : `−${seconds} s`, x(now - seconds), HEIGHT - 2);
  }
  context.beginPath();
  context.rect(MARGIN.left, 0, right - MARGIN.left, HEIGHT);
  context.clip();
  context.lineWidth = 2;
  context.lineJoin = "round";
  for (const [k, name] of classes.entries()) {
    context.strokeStyle = computedAccent(canvas, name, k);
    context.beginPath();
    let before = Number.NEGATIVE_INFINITY;
    for (const { time, face } of sightings) {
      const at = [x(time), y(face.probabilities[name] ?? 0)] as const;
      if (time - before > GAP) context.moveTo(...at);
      else context.lineTo(...at);
      before = time;
    }
    context.stroke();
  }
}

/** Text alternative for the lines. */
function spoken(classes: readonly string[], sightings: TimelineProps["sightings"]): string {
  if (sightings.length === 0) return "No face in the last minute";
  const mean = (name: string): number =>
    sightings.reduce((sum, { face }) => sum + (face.probabilities[name] ?? 0), 0) / sightings.length;
  const parts = classes.map((name) => `${name} ${Math.round(100 * mean(name))} %`);
  return `Means of the last minute: ${parts.join(", ")}`;
}
