/** The messages between an engine and its worker. */

import type { Program } from "../program/program.ts";
import type { Tensors } from "./session.ts";

/** Requests to the worker; `program` is the number that `open` returned. */
export type Request =
  | { readonly kind: "open"; readonly program: Program }
  | { readonly kind: "load"; readonly program: number; readonly tensors: Tensors }
  | { readonly kind: "step"; readonly program: number; readonly tensors: Tensors }
  | { readonly kind: "run"; readonly program: number; readonly tensors: Tensors }
  | { readonly kind: "state"; readonly program: number }
  | { readonly kind: "release"; readonly program: number };

/** A numbered question, and its answer. */
export interface Question {
  readonly id: number;
  readonly request: Request;
}

export type Answer =
  | { readonly id: number; readonly result: Tensors | number | undefined }
  | { readonly id: number; readonly error: string };
