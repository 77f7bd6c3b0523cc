import { plainDocument } from './plain.document.ts';
import { buildSegment, MAX_COMMON_TERMS } from './segment.builder.ts';
import { readCommonPair } from './segment.pairs.ts';
import { TermTable } from './term.table.ts';

describe('the pairs of common terms', () => {
  it('are those of the most frequent terms, when there are more than memory is for', () => {
    const table = new TermTable();
    const rare = Array.from({ length: MAX_COMMON_TERMS }, (_, i) => `rare${i}`);
    // Every term is in more documents than a bitmap of them has elements.
    const texts = Array.from({ length: 64 }, (_, i) => {
      const pair = i % 2 === 0 ? 'a b' : 'b a b a';
      return i % 8 < 3 ? `${pair} ${rare.join(' ')}` : pair;
    });
    const documents = texts.map((text, id) => {
      const terms = Uint32Array.from(text.split(' '), (term) => table.intern(term));
      return plainDocument(id, terms);
    });
    table.sort();
    const segment = buildSegment(documents, table);
    const common = Array.from(segment.commonTerms, (i) => table.text(segment.terms[i] as number));
    expect(common).toHaveLength(MAX_COMMON_TERMS);
    const [a, b] = [common.indexOf('a'), common.indexOf('b')];
    expect([a, b]).toEqual([0, 1]);
    const all = Array.from(texts.keys());
    expect([...readCommonPair(segment, a, b)]).toEqual(all);
    expect([...readCommonPair(segment, b, a)]).toEqual(all.filter((i) => i % 2 === 1));
    expect([...readCommonPair(segment, a, a)]).toEqual([]);
  });
});
