declare const __VERSION__: string;
declare const __COMMIT__: string;

/** The running version; the build replaces both constants. */
export const VERSION = { version: __VERSION__, commit: __COMMIT__ } as const;
