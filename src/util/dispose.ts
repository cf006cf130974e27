/** The key of what `await using` calls, also in browsers that do not have it yet: there a transpiler asks for the same. */

export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);
