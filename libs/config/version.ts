declare const __VERSION__: string;
declare const __COMMIT__: string;

/** What is running; the build writes it in. */
export const VERSION = { version: __VERSION__, commit: __COMMIT__ } as const;
