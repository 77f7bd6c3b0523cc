import { InvertedEngine } from './inverted.engine.ts';
import { parseQuery } from './query.parser.ts';

function add(engine: InvertedEngine, id: number, author: string): void {
  engine.add(id, 'Tonnerre de Brest', null, {
    author,
    source: null,
    lang: null,
    tags: [],
    checksum: 1,
  });
}

it('brings no name whose only quote is deleted while the snapshot is written', async () => {
  const engine = new InvertedEngine();
  add(engine, 1, 'Victor Hugo');
  add(engine, 2, 'Colette');
  const snapshot = engine.snapshot();
  // The header, the authors and the terms are written, and the documents are not.
  const chunks = [snapshot, snapshot, snapshot].map((chunk) => chunk.next().value as Uint8Array);
  engine.delete(1);
  const restored = new InvertedEngine();
  await restored.restore([...chunks, ...snapshot]);
  expect(restored.size).toBe(1);

  // Another spelling of the name comes and goes, and what it leaves free is used anew.
  add(restored, 3, 'VICTOR HUGO');
  restored.delete(3);
  add(restored, 4, 'émile zola');
  add(restored, 5, 'Victor Hugo');
  const { items } = restored.names({ kind: 'authors', prefix: '', limit: 10 });
  expect(items.map(({ name, quotes }) => `${name} ${quotes}`)).toEqual([
    'Colette 1',
    'émile zola 1',
    'Victor Hugo 1',
  ]);
  for (const [author, id] of [
    ['Victor Hugo', 5],
    ['Émile Zola', 4],
  ] as const) {
    const choice = { kind: 'page', limit: 9 } as const;
    expect(restored.select({ filters: { author }, choice }).ids).toEqual([id]);
  }
});

it('keeps its words while the index forgets words and gives their numbers to others', async () => {
  const engine = new InvertedEngine(2, 0);
  const quotes = Array.from({ length: 8 }, (_, i) => `tonnerre bachi${i} bouzouk${i}`);
  quotes.forEach((quote, i) => {
    engine.add(i + 1, quote, null);
  });
  const snapshot = engine.snapshot();
  const chunks = [snapshot.next().value as Uint8Array];
  // The segments are merged into another: only there are the quotes that follow marked deleted.
  for (let id = 9; id <= 24; id++) engine.add(id, 'tonnerre', null);
  // So many changes that the numbers of all words but the first are given to others.
  for (let i = 0; i < 80; i++) engine.add(1 + (i % 8), `tonnerre sapajou${i} zouave${i}`, null);
  expect(engine.terms).toBeLessThan(60);

  const restored = new InvertedEngine();
  await restored.restore([...chunks, ...snapshot]);
  quotes.forEach((quote, i) => {
    const query = parseQuery(`"${quote}"`);
    const { hits } = restored.search({ query, limit: 9, offset: 0 });
    expect(hits.map(({ id }) => id)).toEqual([i + 1]);
  });
});
