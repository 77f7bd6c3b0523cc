import { InvertedEngine } from './engine/inverted.engine.ts';
import { parseQuery } from './engine/query.parser.ts';
import { queryKind } from './search.metrics.ts';

describe('queryKind', () => {
  const engine = new InvertedEngine();
  for (let id = 1; id <= 10; id++) engine.add(id, 'liberte de la presse', null);
  for (let id = 11; id <= 22; id++) engine.add(id, 'fraternite', null);

  it.each([
    ['liberte', 'word'],
    ['liberte presse', 'words'],
    ['"liberte de" la', 'phrase'],
    // Typos find twelve quotes: what they cost shows all the same.
    ['fratermite', 'few'],
    ['castafiore', 'few'],
    // Few, but no word is long enough for a typo.
    ['ou', 'word'],
    ['"de presse"', 'phrase'],
  ])('takes %s for %s', (keyword, kind) => {
    const query = parseQuery(keyword);
    expect(queryKind(query, engine.search({ query, limit: 1, offset: 0 }))).toBe(kind);
  });
});
