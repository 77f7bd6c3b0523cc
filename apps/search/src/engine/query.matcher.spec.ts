import { type MatcherContext, QueryMatcher, similarTerms } from './query.matcher.ts';
import { parseQuery } from './query.parser.ts';
import { StemExpansion } from './stem.expansion.ts';
import { TermTable } from './term.table.ts';

function contextOf(...terms: string[]): MatcherContext {
  const table = new TermTable();
  for (const term of terms) table.addDocumentFrequency(table.intern(term), 1);
  const stems = new StemExpansion(table);
  return { table, stems, documents: 1, wordsByTerm: new Uint32Array(table.size) };
}

describe('QueryMatcher', () => {
  it('leaves no trace when it is released', () => {
    const context = contextOf('liberte', 'libarte', 'libertes', 'vie');
    const query = parseQuery('vie liberte');
    const similar = similarTerms(query.words, context.table, false);
    const matcher = new QueryMatcher(query, context, similar);
    expect([...context.wordsByTerm]).toEqual([0, 2, 2, 2, 1]);
    matcher.release();
    expect([...context.wordsByTerm]).toEqual([0, 0, 0, 0, 0]);
  });

  it('fails when the matcher before was not released', () => {
    const context = contextOf('vie');
    new QueryMatcher(parseQuery('vie'), context);
    expect(() => new QueryMatcher(parseQuery('vie'), context)).toThrow(
      'Broken invariant: the matcher before was released',
    );
  });
});
