import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { generator } from '#libs/testing/random.ts';
import { InvertedEngine } from '../src/engine/inverted.engine.ts';
import type { Choice, SelectionFilters } from '../src/engine/quote.selection.ts';

/**
 * What authors, languages and tags of quotes cost the index: memory, the time to restore it, and
 * the processor time of the dearest selections and listings, at the size given on the command line.
 * First with names as collections have them, then with names of its own for every quote.
 */
const size = Number(process.argv[2] ?? 1_000_000);
const BUDGET_MS = 100;
const ROUNDS = 3;
const TAGS_A_QUOTE = 3;
const DAY = '2026-11-27';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const random = generator(1);
/** Below `end`, small numbers far more often than large ones. */
const skewed = (end: number) => Math.floor(random() ** 3 * end);

interface Collection {
  title: string;
  author(quote: number): string | null;
  tag(quote: number, i: number): string | null;
}

const COLLECTIONS: Collection[] = [
  { title: 'neither authors nor tags', author: () => null, tag: () => null },
  {
    title: '50,000 authors, 3 of 5,000 tags',
    author: () => `Writer No. ${skewed(50_000)}`,
    tag: () => `subject ${skewed(5000)}`,
  },
  {
    title: 'an author and 3 tags of its own for every quote',
    author: (quote) => `Writer No. ${quote}`,
    tag: (quote, i) => `subject ${quote} ${i}`,
  },
];

function fill({ author, tag }: Collection): InvertedEngine {
  const engine = new InvertedEngine();
  engine.isFilling = true;
  for (let n = 1; n <= size; n++) {
    const words = Array.from({ length: 16 }, () => `w${skewed(60_000)}`);
    const tags = Array.from({ length: TAGS_A_QUOTE }, (_, i) => tag(n, i));
    const details = {
      author: author(n),
      source: null,
      lang: ['en', 'fr', 'de'][n % 3] ?? null,
      tags: [...new Set(tags.filter((tag) => tag !== null))],
      checksum: Math.floor(random() * 2 ** 32),
    };
    engine.add(1_795_320_201_150_000 + 50 * n, words.join(' '), null, details);
  }
  engine.isFilling = false;
  return engine;
}

function memory(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

/** The median of the milliseconds that a call takes, after one that is not counted. */
function time(call: () => unknown): number {
  call();
  const times = Array.from({ length: ROUNDS }, () => {
    const { user } = process.cpuUsage();
    call();
    return (process.cpuUsage().user - user) / 1000;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

const show = (name: string, value: string) => console.log(`  ${name.padEnd(52)}${value}`);

function measure(name: string, call: () => unknown): void {
  const milliseconds = time(call);
  show(name, `${milliseconds.toFixed(1)} ms`);
  if (milliseconds > BUDGET_MS) process.exitCode = 1;
}

for (const collection of COLLECTIONS) {
  console.log(`${size} quotes with ${collection.title}:`);
  const before = memory();
  const engine = fill(collection);
  show('memory', `${(memory() - before).toFixed(0)} MB`);

  const chunks = [...engine.snapshot()];
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  show('snapshot', `${(bytes / size).toFixed(1)} bytes a quote`);
  const begin = performance.now();
  const restored = new InvertedEngine();
  await restored.restore(chunks);
  show('restored', `in ${((performance.now() - begin) / 1000).toFixed(1)} s`);

  const all: SelectionFilters = { lang: 'en', minLength: 2, maxLength: 1999 };
  const author = collection.author(7) ?? undefined;
  const tag = collection.tag(7, 0) ?? undefined;
  const unbounded = Number.MAX_SAFE_INTEGER;
  const choices: [string, Choice][] = [
    ['a page', { kind: 'page', limit: 100 }],
    ['the last page', { kind: 'page', limit: 100, before: 1_795_320_201_160_000 }],
    ['a sample of 50', { kind: 'sample', count: 50 }],
    ['the quote of a day', { kind: 'day', day: DAY, before: unbounded }],
  ];
  for (const [name, choice] of choices) {
    measure(`${name} of all`, () => engine.select({ filters: {}, choice }));
    measure(`${name} of a language and lengths`, () => engine.select({ filters: all, choice }));
    measure(`${name} of an author`, () => engine.select({ filters: { author }, choice }));
    measure(`${name} of a tag`, () => engine.select({ filters: { tag }, choice }));
    measure(`${name} of all filters`, () =>
      engine.select({ filters: { ...all, author, tag }, choice }),
    );
  }
  for (const kind of ['authors', 'tags'] as const) {
    measure(`100 ${kind}`, () => engine.names({ kind, prefix: '', limit: 100 }));
    let id = size;
    measure(`100 ${kind}, when names have come and gone`, () => {
      engine.delete(1_795_320_201_150_000 + 50 * id--);
      const details = {
        author: `New ${id}`,
        source: null,
        lang: null,
        tags: [`new ${id}`],
        checksum: 0,
      };
      engine.add(id, 'w', null, details);
      engine.names({ kind, prefix: '', limit: 100 });
    });
  }
}
