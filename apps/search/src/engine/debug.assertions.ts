declare global {
  // jest.config.js sets it, and apps/rspack.config.js replaces it by a constant. It does not exist
  // elsewhere.
  var __DEBUG_ASSERTIONS__: boolean | undefined;
}

/**
 * Whether the engine checks its invariants: in tests and in development builds. In production
 * builds this is `false`, and `if (DEBUG_ASSERTIONS)` costs nothing.
 */
export const DEBUG_ASSERTIONS = globalThis.__DEBUG_ASSERTIONS__;

/**
 * To be called behind `if (DEBUG_ASSERTIONS)` only, since arguments cost time too.
 * @throws Error when the invariant is broken
 */
export function assert(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`Broken invariant: ${invariant}`);
}
