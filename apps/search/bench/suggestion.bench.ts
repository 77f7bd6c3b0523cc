import type { FacetKind } from '../src/engine/facet.counter.ts';
import { InvertedEngine } from '../src/engine/inverted.engine.ts';
import { parseQuery } from '../src/engine/query.parser.ts';
import type { SelectionFilters } from '../src/engine/quote.selection.ts';
import { QuoteCorpus } from './quote.corpus.ts';

/**
 * What suggestions, filters and facets cost the thread of the index, at the size given on the
 * command line, with 50,000 authors of two words and three of 5,000 tags a quote. Suggestions are
 * for the beginnings of what is in quotes, letter by letter, as somebody types it.
 */
const size = Number(process.argv[2] ?? 1_000_000);
const BUDGET_P99_MS = 2;
const TYPED = 500;
const ROUNDS = 5;
const FACETS: FacetKind[] = ['author', 'tag', 'lang'];

const engine = new InvertedEngine();
engine.isFilling = true;
let n = 0;
const typed: string[] = [];
const authors: string[] = [];
for (const { quote, ...details } of new QuoteCorpus('data/corpus').detailedQuotes(size)) {
  n++;
  if (n % Math.ceil(size / TYPED) === 0) {
    typed.push(quote.split(' ').slice(0, 4).join(' '));
    authors.push(details.author ?? '');
  }
  engine.add(50 * n, quote, null, { ...details, checksum: n });
}
engine.isFilling = false;
console.log(`${size} quotes, ${(engine.bytes / 2 ** 20).toFixed(0)} MB of segments`);

function quantile(times: number[], q: number): string {
  return (times[Math.floor(q * (times.length - 1))] as number).toFixed(2);
}

/**
 * Prints how long the calls take: each by the quickest of some rounds, since other processes
 * disturb all of them.
 */
function measure(title: string, calls: (() => unknown)[]): number[] {
  const times = calls.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    calls.forEach((call, i) => {
      const start = performance.now();
      call();
      times[i] = Math.min(times[i] as number, performance.now() - start);
    });
  }
  times.sort((a, b) => a - b);
  const shown = [0.5, 0.99, 1].map((q) => `${quantile(times, q)} ms`.padStart(10));
  console.log(`  ${title.padEnd(52)}${shown.join('')}`);
  return times;
}

console.log(`  ${''.padEnd(52)}${'p50'.padStart(10)}${'p99'.padStart(10)}${'max'.padStart(10)}`);
for (const [title, from] of [
  ['suggestions, of 1 to 4 words being typed', typed],
  ['suggestions, of an author being typed', authors],
] as const) {
  const prefixes = from.flatMap((text) =>
    Array.from({ length: Math.min(100, text.length) }, (_, i) => text.slice(0, i + 1)),
  );
  const calls = prefixes.map((prefix) => () => engine.suggest({ prefix, limit: 10 }));
  const times = measure(title, calls);
  if (Number(quantile(times, 0.99)) > BUDGET_P99_MS) process.exitCode = 1;
}
const filters: [string, SelectionFilters][] = [
  ['no filter', {}],
  ['lang', { lang: 'fr' }],
  ['tag', { tag: 'subject 7' }],
  ['author', { author: authors[7] }],
  ['all', { lang: 'fr', tag: 'subject 7', author: authors[7] }],
];
for (const keyword of ['the', 'the of', '"love"', 'love th']) {
  const query = parseQuery(keyword);
  for (const [title, filter] of filters) {
    const request = { query, filters: filter, limit: 20, offset: 0 };
    measure(
      `${keyword}, ${title}`,
      Array(10).fill(() => engine.search(request)),
    );
  }
  const request = { query, facets: FACETS, limit: 20, offset: 0 };
  measure(
    `${keyword}, all facets`,
    Array(10).fill(() => engine.search(request)),
  );
}
