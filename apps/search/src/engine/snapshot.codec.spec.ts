import { InvertedEngine } from './inverted.engine.ts';

function add(engine: InvertedEngine, id: number, author: string): void {
  engine.add(id, 'Tonnerre de Brest', null, { author, lang: null, tags: [], checksum: 1 });
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
