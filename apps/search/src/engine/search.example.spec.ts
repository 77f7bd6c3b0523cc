import { InvertedEngine } from './inverted.engine.ts';
import { plainDocument } from './plain.document.ts';
import { QueryMatcher } from './query.matcher.ts';
import { parseQuery } from './query.parser.ts';
import { idf, minCompetitiveBm25, WEIGHT_PER_IMPACT } from './ranking.ts';
import { buildSegment } from './segment.builder.ts';
import { readCommonPair } from './segment.pairs.ts';
import { StemExpansion } from './stem.expansion.ts';
import { TermTable } from './term.table.ts';
import { termsOf } from './tokenizer.ts';

/**
 * The example of docs/search-index.md: whoever makes this fail has to change its numbers there as
 * well.
 */
const QUOTES = [
  'Love is blind',
  'The course of true love never did run smooth',
  'Love all, trust a few',
  'We that are true lovers run into strange capers',
  'Love well, and be true',
];

const table = new TermTable();
const documents = QUOTES.map((quote, id) => {
  const terms = Uint32Array.from(termsOf(quote), (term) => table.intern(term));
  for (const term of terms) table.addDocumentFrequency(term, 1);
  return plainDocument(id, terms);
});
table.sort();
const segment = buildSegment(documents, table);

function postingsOf(text: string): string[] {
  const i = segment.terms.indexOf(table.find(text) as number);
  const postings: string[] = [];
  const [start = 0, end = 0] = segment.postingStarts.subarray(i, i + 2);
  for (let p = start; p < end; p++) {
    const mask = segment.positionMasks[p]?.toString(2);
    postings.push(`${segment.documents[p]}, ${segment.impacts[p]}, ${mask}`);
  }
  return postings;
}

describe('the example of docs/search-index.md', () => {
  it('has these terms and postings', () => {
    expect([...segment.lengths]).toEqual([3, 9, 5, 9, 5]);
    expect(segment.terms).toHaveLength(25);
    expect(['love', 'is', 'blind'].map((text) => table.find(text))).toEqual([1, 2, 3]);
    expect([12, 13, 21].map((ordinal) => table.termsByOrdinal[ordinal])).toEqual(
      ['love', 'lovers', 'true'].map((text) => table.find(text)),
    );
    expect(segment.documents).toHaveLength(31);
    expect([...segment.blockMaxImpacts]).toEqual([136]);
    expect(postingsOf('love')).toEqual(['0, 136, 1', '1, 111, 10000', '2, 126, 1', '4, 126, 1']);
    expect(postingsOf('lovers')).toEqual(['3, 111, 10000']);
    expect(postingsOf('true')).toEqual(['1, 111, 1000', '3, 111, 1000', '4, 126, 10000']);
    const common = Array.from(segment.commonTerms, (i) => table.text(segment.terms[i] as number));
    expect(common).toEqual(['love', 'run', 'true']);
    expect([...segment.commonBitmaps]).toEqual([0b10111, 0b01010, 0b11010]);
    const rowOf = (text: string) => common.indexOf(text);
    expect([...readCommonPair(segment, rowOf('true'), rowOf('love'))]).toEqual([1]);
    expect(idf(5, 4) / WEIGHT_PER_IMPACT).toBeCloseTo(0.288, 3);
    expect(idf(5, 3) / WEIGHT_PER_IMPACT).toBeCloseTo(0.539, 3);
    expect(WEIGHT_PER_IMPACT).toBe(2.2 / 200);
  });

  it('scores the documents like this', () => {
    const wordsByTerm = new Uint32Array(table.size);
    const stems = new StemExpansion(table);
    const context = { table, stems, documents: QUOTES.length, wordsByTerm };
    const matcher = new QueryMatcher(parseQuery('true love'), context);
    const scores = documents.map(({ terms }) => {
      return matcher.score(terms, terms.length, terms.length, 0);
    });
    const rounded = scores.map((score) => Math.round(1e5 * score));
    expect(rounded).toEqual([-1e5, 99995, -1e5, 98480, 99971]);
    expect(126 * (idf(5, 3) + idf(5, 4))).toBeCloseTo(1.146, 3);
    expect(111 * (idf(5, 3) + idf(5, 4))).toBeCloseTo(1.009, 3);
    expect(minCompetitiveBm25(scores[1] as number, 0, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(minCompetitiveBm25(scores[1] as number, 1)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is answered like this', () => {
    const engine = new InvertedEngine(QUOTES.length);
    // The engine takes ids from 1 on.
    for (const [i, quote] of QUOTES.entries()) engine.add(i + 1, quote, null);
    const { total, hits } = engine.search({ query: parseQuery('true love'), limit: 1, offset: 0 });
    expect(total).toBe(3);
    expect(hits.map(({ id }) => id - 1)).toEqual([1]);
  });
});
