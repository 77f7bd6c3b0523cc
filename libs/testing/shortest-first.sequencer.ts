import { statSync } from 'node:fs';
import Sequencer from '@jest/test-sequencer';

/**
 * Runs short specs first, so that the first result comes soon; Jest would run the slowest first.
 */
export default class ShortestFirstSequencer extends Sequencer {
  override sort(tests: Parameters<Sequencer['sort']>[0]) {
    const size = new Map(tests.map((test) => [test, statSync(test.path).size]));
    return [...tests].sort((a, b) => (size.get(a) ?? 0) - (size.get(b) ?? 0));
  }
}
