import { createBitmap, setBit } from './bitmap.ts';
import { TermTable } from './term.table.ts';

function tableOf(...texts: string[]): TermTable {
  const table = new TermTable();
  for (const text of texts) table.addDocumentFrequency(table.intern(text), 1);
  return table;
}

describe('TermTable.similar', () => {
  it('leaves out terms that no live document holds', () => {
    const table = tableOf('tonnerre', 'tonerre', 'tonnere');
    table.addDocumentFrequency(table.find('tonerre') as number, -1);
    const found = table.similar('tonnerre', 1, { lettersLeft: 1_000 });
    expect([...found.keys()].map((term) => table.text(term))).toEqual(['tonnere']);
  });

  it('compares no more than it may, over several words', () => {
    const table = tableOf('tonnerra', 'tonnerrb', 'tonnerrc', 'tonnerrd');
    const comparisons = { lettersLeft: 3 * 8 };
    expect(table.similar('tonnerre', 1, comparisons).size).toBe(3);
    expect(table.similar('tonnerre', 1, comparisons).size).toBe(0);
  });
});

describe('TermTable.retain', () => {
  it.each(['sorted', 'unsorted'])('gives the numbers of %s terms to new ones', (state) => {
    const table = tableOf('bachi', 'bouzouk', 'sapajou');
    if (state === 'sorted') table.sort();
    table.addDocumentFrequency(table.find('bachi') as number, -1);
    expect(table).toMatchObject({ liveCount: 2, deadCount: 1 });
    const held = createBitmap(table.size);
    for (const text of ['bouzouk', 'sapajou']) setBit(held, table.find(text) as number);
    table.retain(held);
    expect(table).toMatchObject({ liveCount: 2, deadCount: 0 });
    expect(table.find('bachi')).toBeUndefined();

    table.addDocumentFrequency(table.intern('zouave'), 1);
    expect(table).toMatchObject({ size: 4, liveCount: 3, deadCount: 0 });
    const unsorted = state === 'sorted' ? ['zouave'] : ['bouzouk', 'sapajou', 'zouave'];
    const found = unsorted.flatMap((text) => table.unsortedWithPrefix(text));
    expect(found.map((term) => table.text(term))).toEqual(unsorted);
    table.sort();
    const texts = Array.from(table.termsByOrdinal, (term) => table.text(term));
    expect(texts).toEqual(['bouzouk', 'sapajou', 'zouave']);
    expect(Array.from(table.termsByOrdinal, (term) => table.ordinals[term])).toEqual([0, 1, 2]);
    expect(table.unsortedWithPrefix('z')).toEqual([]);
  });
});
