import type { RealCluster } from './cluster.ts';

/**
 * A part of `npm run test:kubernetes`: throws where something does not hold, and prints what does.
 */
export type Test = (cluster: RealCluster, say: (line: string) => void) => Promise<void>;

/** How often a test that must hold every time is repeated: TEST_RUNS, once by default. */
export const RUNS = Number(process.env.TEST_RUNS ?? 1);
