/**
 * The effect of each expression on brows, eyes and mouth, as ranges to draw from: the only place that knows the classes.
 */

import type { Random } from "../util/random.ts";

export const expressions = ["angry", "fear", "happy", "neutral", "sad", "surprise"] as const;

export type Expression = (typeof expressions)[number];

/** The moving parts of a face. 0 is at rest and 1 is strong, in the directions given in the comments. */
export interface Look {
  /** Both brows up (negative: down). */
  browRaise: number;
  /** Inner ends of the brows down, outer ends up: a scowl (negative: inner ends up, as in grief). */
  browSlant: number;
  /** Inner ends drawn together, with furrows between. */
  browPinch: number;
  browArch: number;
  /** Upper lids raised (negative: lowered). */
  eyeOpen: number;
  /** Lower lids raised, as in a smile. */
  squint: number;
  /** Upper lids lower at the inner corner (negative: at the outer corner). */
  lidSlant: number;
  /** Corners of the mouth up (negative: down). */
  mouthCurve: number;
  mouthOpen: number;
  /** Wider than at rest (negative: narrower). */
  mouthWidth: number;
  /** Shape of the open mouth: 0 a lens, 0.5 an ellipse, 1 a box. */
  mouthBox: number;
  upperTeeth: number;
  lowerTeeth: number;
  /** Folds from the nose to the corners of the mouth. */
  folds: number;
}

type Ranges = Readonly<Partial<Record<keyof Look, readonly [low: number, high: number]>>>;

/** At rest, faces differ: brows hang, eyes slant, and mouths droop or smile without any expression. */
const atRest: Readonly<Record<keyof Look, readonly [low: number, high: number]>> = {
  browRaise: [-0.3, 0.3],
  browSlant: [-0.25, 0.25],
  browPinch: [-0.1, 0.25],
  browArch: [0, 0.5],
  eyeOpen: [-0.3, 0.25],
  squint: [0, 0.25],
  lidSlant: [-0.25, 0.25],
  mouthCurve: [-0.22, 0.22],
  mouthOpen: [0, 0.06],
  mouthWidth: [-0.2, 0.2],
  mouthBox: [0.3, 0.6],
  upperTeeth: [0, 0.2],
  lowerTeeth: [0, 0.1],
  folds: [0, 0.3],
};

/** The variants of each expression, all equally likely. Parts that a variant does not name stay at rest. */
const ways: Readonly<Record<Expression, readonly Ranges[]>> = {
  angry: [
    // Lips pressed together.
    {
      browRaise: [-0.9, -0.4],
      browSlant: [0.55, 1.1],
      browPinch: [0.5, 1],
      eyeOpen: [-0.3, 0.4],
      squint: [0.2, 0.6],
      lidSlant: [0.4, 1],
      mouthCurve: [-0.5, 0],
      mouthWidth: [-0.3, 0.1],
      folds: [0, 0.5],
    },
    // Teeth bared.
    {
      browRaise: [-0.8, -0.3],
      browSlant: [0.6, 1.2],
      browPinch: [0.5, 1],
      eyeOpen: [-0.1, 0.6],
      squint: [0.2, 0.6],
      lidSlant: [0.4, 1],
      mouthCurve: [-0.5, 0.1],
      mouthOpen: [0.25, 0.7],
      mouthWidth: [0, 0.4],
      mouthBox: [0.7, 1],
      upperTeeth: [0.5, 1],
      lowerTeeth: [0.5, 1],
      folds: [0.5, 1],
    },
  ],
  fear: [
    // The mouth stretched wide, a little open.
    {
      browRaise: [0.3, 0.9],
      browSlant: [-0.9, -0.35],
      browPinch: [0.4, 0.9],
      browArch: [-0.2, 0.1],
      eyeOpen: [0.6, 1.1],
      lidSlant: [-0.5, 0],
      mouthCurve: [-0.5, -0.1],
      mouthOpen: [0.15, 0.5],
      mouthWidth: [0.2, 0.6],
      mouthBox: [0.6, 1],
      upperTeeth: [0, 0.5],
      lowerTeeth: [0.2, 1],
    },
    // A gasp.
    {
      browRaise: [0.4, 0.9],
      browSlant: [-1, -0.45],
      browPinch: [0.4, 0.9],
      browArch: [-0.2, 0.1],
      eyeOpen: [0.6, 1.1],
      lidSlant: [-0.5, 0],
      mouthCurve: [-0.4, 0],
      mouthOpen: [0.3, 0.7],
      mouthWidth: [-0.2, 0.2],
      mouthBox: [0.4, 0.8],
      lowerTeeth: [0, 0.8],
    },
  ],
  happy: [
    // A smile with the lips closed.
    {
      browRaise: [-0.1, 0.5],
      eyeOpen: [-0.5, 0.1],
      squint: [0.2, 0.9],
      mouthCurve: [0.5, 1],
      mouthWidth: [0.1, 0.6],
      folds: [0.4, 1],
    },
    // A laugh.
    {
      browRaise: [0, 0.6],
      eyeOpen: [-0.6, 0.1],
      squint: [0.3, 1],
      mouthCurve: [0.55, 1.1],
      mouthOpen: [0.2, 0.7],
      mouthWidth: [0.2, 0.7],
      mouthBox: [0.2, 0.5],
      upperTeeth: [0.5, 1],
      folds: [0.5, 1],
    },
  ],
  neutral: [{}],
  sad: [
    // Corners down.
    {
      browRaise: [-0.2, 0.4],
      browSlant: [-1.1, -0.45],
      browPinch: [0.1, 0.6],
      eyeOpen: [-0.7, -0.1],
      lidSlant: [-1, -0.3],
      mouthCurve: [-1, -0.4],
      mouthWidth: [-0.3, 0.1],
      folds: [0.1, 0.6],
    },
    // Weeping.
    {
      browRaise: [-0.1, 0.5],
      browSlant: [-1.2, -0.5],
      browPinch: [0.2, 0.7],
      eyeOpen: [-0.9, -0.3],
      squint: [0.1, 0.6],
      lidSlant: [-1, -0.3],
      mouthCurve: [-1, -0.5],
      mouthOpen: [0.08, 0.35],
      mouthWidth: [0, 0.3],
      mouthBox: [0.3, 0.7],
      lowerTeeth: [0, 0.5],
      folds: [0.3, 0.9],
    },
  ],
  surprise: [
    {
      browRaise: [0.6, 1.2],
      browSlant: [-0.3, 0.2],
      browPinch: [-0.3, 0.1],
      browArch: [0.5, 1.1],
      eyeOpen: [0.5, 1.1],
      mouthCurve: [-0.15, 0.25],
      mouthOpen: [0.35, 1],
      mouthWidth: [-0.6, -0.15],
      mouthBox: [0.4, 0.6],
      upperTeeth: [0, 0.4],
    },
  ],
};

/** Draws the look of one face: a variant of the expression, its strength, and the face's own look at rest. */
export function drawLook(expression: Expression, rng: Random): Look {
  const chosen = ways[expression];
  const way = chosen[rng.integer(chosen.length)] as Ranges;
  const strength = rng.uniform(0.75, 1);
  const look = {} as Look;
  for (const part of Object.keys(atRest) as (keyof Look)[]) {
    const rest = rng.uniform(...atRest[part]);
    const range = way[part];
    look[part] = range ? rest + (rng.uniform(...range) - rest) * strength : rest;
  }
  return look;
}
