/** Doc comments in TypeScript sources, found by their position before the declaration. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

/** A parsed file: its statements, and a function that returns the doc comment of a node. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly statements: readonly Node[];
  /** The doc comment directly before `node`, as plain Markdown; empty if there is none. */
  docOf(node: Node): string;
}

/** A node of the syntax tree in ESTree form; each kind of node has further fields. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** Parses a file of the repository, or one at an absolute path. @throws if it is not valid TypeScript. */
export function parsed(path: string): Source {
  const file = fileURLToPath(new URL(path, new URL("../../", import.meta.url)));
  const text = readFileSync(file, "utf8");
  const { program, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  return {
    path: file,
    text,
    statements: program.body as unknown as Node[],
    docOf(node) {
      const doc = docs.findLast(({ end }) => end <= node.start);
      return doc && text.slice(doc.end, node.start).trim() === "" ? withoutStars(doc.value) : "";
    },
  };
}

function withoutStars(comment: string): string {
  return comment
    .slice(1)
    .replace(/^[ \t]*\* ?/gm, "")
    .trim();
}
