/** The key of the method that `await using` calls. In browsers that lack it, transpiled code uses the same key. */

export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);
