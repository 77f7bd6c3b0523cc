import { buildSegment } from './segment.builder.ts';
import { MAX_PAIR_TERMS } from './segment.pairs.ts';
import { TermTable } from './term.table.ts';

describe('findCommonPairs', () => {
  it('takes the most frequent of more common terms than its memory is for', () => {
    const table = new TermTable();
    const rare = Array.from({ length: MAX_PAIR_TERMS }, (_, i) => `rare${i}`);
    // Every term is common: it is in more documents than a bitmap of them has elements.
    const texts = Array.from({ length: 64 }, (_, i) => {
      const pair = i % 2 === 0 ? 'a b' : 'b a';
      return i % 8 < 3 ? `${pair} ${rare.join(' ')}` : pair;
    });
    const documents = texts.map((text, id) => {
      const terms = Uint32Array.from(text.split(' '), (term) => table.intern(term));
      return {
        id,
        user: 0,
        author: 0,
        lang: 0,
        tags: [],
        characters: 0,
        checksum: 0,
        terms,
        length: terms.length,
      };
    });
    table.sort();
    const { terms, commonTerms, commonPairs, pairBitmaps } = buildSegment(documents, table);
    expect(commonTerms).toHaveLength(MAX_PAIR_TERMS + 2);
    const textOf = (row: number) => table.text(terms[commonTerms[row] as number] as number);
    const pairs = Array.from(commonPairs, (pair) => {
      const left = Math.floor(pair / commonTerms.length);
      return `${textOf(left)} ${textOf(pair % commonTerms.length)}`;
    });
    expect(new Set(pairs.flatMap((pair) => pair.split(' '))).size).toBe(MAX_PAIR_TERMS);
    expect([...commonPairs]).toEqual([...commonPairs].sort((a, b) => a - b));
    const at = 2 * pairs.indexOf('a b');
    expect([...pairBitmaps.subarray(at, at + 2)]).toEqual([0x55555555, 0x55555555]);
  });
});
