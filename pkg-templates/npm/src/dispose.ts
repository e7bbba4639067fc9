/** `await using`, where the host may have no symbol for it yet: then the one that compilers fall back to. */

export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
