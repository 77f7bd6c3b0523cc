/** Unit specs stand beside the code, end-to-end specs in apps/<app>/test. */
export default {
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/deploy'],
  testMatch: ['**/*.spec.ts', '**/*.e2e-spec.ts'],
  // Suites mostly wait for the processes that they start, so that no processor need be left free.
  maxWorkers: '100%',
  // Tests that start processes are slow on a busy machine; none waits for this to pass.
  testTimeout: 120_000,
  // A client of Redis keeps a timer for 2 s after it was told to disconnect.
  openHandlesTimeout: 3_000,
  extensionsToTreatAsEsm: ['.ts'],
  // The search engine checks its invariants.
  globals: { __DEBUG_ASSERTIONS__: true },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
};
