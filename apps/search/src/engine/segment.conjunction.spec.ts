import { generator } from '#libs/testing/random.ts';
import { createBitmap, setBit } from './bitmap.ts';
import { QueryMatcher } from './query.matcher.ts';
import { parseQuery } from './query.parser.ts';
import { buildSegment } from './segment.builder.ts';
import { Conjunction } from './segment.conjunction.ts';
import { type SegmentWord, segmentWords } from './segment.words.ts';
import { StemExpansion } from './stem.expansion.ts';
import { TermTable } from './term.table.ts';

/** So many that a list holds up to 64 documents. */
const DOCUMENTS = 2048;
const random = generator(1);
// Rare words that often stand together, one that is rarer still, and a common one.
const texts = Array.from({ length: DOCUMENTS }, (_, d) => {
  const rare = ['left', 'right', 'lefty', 'righteous'].filter(() => random() < 0.6);
  const rarest = random() < 0.1 ? ['seldom'] : [];
  const common = random() < 0.3 ? ['often'] : [];
  return ['w', ...(d % 40 === 0 ? [...rare, ...rarest] : []), ...common];
});
const table = new TermTable();
const documents = texts.map((words, id) => {
  const terms = Uint32Array.from(words, (word) => table.intern(word));
  const columns = { user: 0, author: 0, lang: 0, tags: [], characters: 0, checksum: 0 };
  return { id, ...columns, terms, length: terms.length };
});
table.sort();
const segment = buildSegment(documents, table);

describe('Conjunction', () => {
  it.each([
    ['two rare words', '"left" "right"'],
    ['rare words of very different frequency', '"seldom" "lefty"'],
    ['a rare word and a common one', '"right" "often"'],
    ['three words', '"right" "often" "left"'],
    ['a rare word and a prefix', '"left" righ'],
    ['a prefix that is a word too', '"left" right'],
    ['a common word and a rare prefix', '"often" lef'],
  ])('finds the documents and their postings: %s', (_, keyword) => {
    const query = parseQuery(keyword);
    const stems = new StemExpansion(table);
    const wordsByTerm = new Uint32Array(table.size);
    const context = { table, stems, documents: DOCUMENTS, wordsByTerm };
    const words = segmentWords(segment, table, new QueryMatcher(query, context));
    const allowed = createBitmap(DOCUMENTS);
    for (let d = 0; d < DOCUMENTS; d++) if (d % 3 > 0) setBit(allowed, d);
    for (const permitted of [undefined, allowed]) {
      const expected = [...texts.keys()].filter((d) => {
        if (permitted && d % 3 === 0) return false;
        return query.words.every(({ term, prefix }) =>
          texts[d]?.some((word) => word === term || (prefix && word.startsWith(term))),
        );
      });
      const byCost = words.toSorted((a, b) => a.cost - b.cost);
      const rarest = byCost[0] as SegmentWord;
      const found = new Conjunction();
      expect(Conjunction.canGather(segment, rarest)).toBe(true);
      found.gather(segment, rarest, words.indexOf(rarest), permitted);
      for (const word of byCost) found.keep(segment, word, words.indexOf(word));
      expect(expected).not.toEqual([]);
      expect([...found.documents.subarray(0, found.size)]).toEqual(expected);
      query.words.forEach(({ term }, i) => {
        for (let k = 0; k < found.size; k++) {
          const d = expected[k] as number;
          const p = found.postings[i]?.[k] as number;
          expect(p >= 0).toBe(texts[d]?.includes(term));
          if (p < 0) expect(found.longerMasks[d]).toBeGreaterThan(0);
          else expect(segment.documents[p]).toBe(d);
        }
      });
    }
  });
});
