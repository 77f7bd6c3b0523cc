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
