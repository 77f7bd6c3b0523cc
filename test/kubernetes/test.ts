import type { RealCluster } from './cluster.ts';

/** A part of `npm run test:kubernetes`: throws where something does not hold, and says what does. */
export type Test = (cluster: RealCluster, say: (line: string) => void) => Promise<void>;
