import { InvertedEngine } from '../src/engine/inverted.engine.ts';
import { parseQuery } from '../src/engine/query.parser.ts';
import { termsOf } from '../src/engine/tokenizer.ts';
import { Fts5Rival } from './fts5.rival.ts';
import { PostgresRival } from './postgres.rival.ts';
import { queryClasses } from './query.classes.ts';
import { QuoteCorpus } from './quote.corpus.ts';

/**
 * The index alone, beside PostgreSQL and SQLite FTS5 over the same words, at the sizes given on the
 * command line. Milliseconds; a rival's column ends with how many times longer it takes. Ours
 * always takes the last word as a prefix too; rivals do so only in the classes named after it.
 */
const sizes =
  process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000, 1_000_000];
const corpus = new QuoteCorpus('data/corpus');

for (const size of sizes) {
  const quotes = [...corpus.quotes(size)];
  const texts = quotes.map((quote) => termsOf(quote).join(' '));
  const engine = new InvertedEngine();
  let start = performance.now();
  quotes.forEach((quote, i) => {
    engine.add((i + 1) * 50, quote, null);
  });
  console.log(`\n${size} quotes, ${engine.terms} words: indexed in ${seconds(start)} s`);
  const rivals = [PostgresRival.start(), new Fts5Rival()].filter((rival) => rival !== undefined);
  for (const rival of rivals) {
    start = performance.now();
    await rival.build(texts);
    console.log(`  ${rival.name}: ${seconds(start)} s`);
  }
  console.log(
    `${'class'.padEnd(14)}${'hits'.padStart(9)}${'p50'.padStart(9)}${'p99'.padStart(9)}${rivals.map(({ name }) => `${name} p50 (times)`.padStart(26)).join('')}`,
  );
  const sums = rivals.map(() => 0);
  let ours = 0;
  for (const { name, queries, prefix, isFair } of queryClasses(texts)) {
    let total = 0;
    const times = await measure(queries, 30, async (words) => {
      total = engine.search({ query: parseQuery(words.join(' ')), limit: 20, offset: 0 }).total;
    });
    const columns: string[] = [];
    for (const [i, rival] of rivals.entries()) {
      if (!isFair) {
        columns.push('-'.padStart(26));
        continue;
      }
      const theirs = await measure(queries, size > 100_000 ? 2 : 10, async (words) => {
        await rival.search(words, prefix);
      });
      columns.push(
        `${at(theirs, 0.5)} (${(quantile(theirs, 0.5) / quantile(times, 0.5)).toFixed(0)})`.padStart(
          26,
        ),
      );
      sums[i] = (sums[i] ?? 0) + quantile(theirs, 0.5);
    }
    if (isFair) ours += quantile(times, 0.5);
    console.log(
      `${name.padEnd(14)}${String(total).padStart(9)}${at(times, 0.5).padStart(9)}${at(times, 0.99).padStart(9)}${columns.join('')}`,
    );
  }
  console.log(
    `${'mixed'.padEnd(32)}${ours.toFixed(2).padStart(9)}${sums.map((sum) => `${sum.toFixed(2)} (${(sum / ours).toFixed(0)})`.padStart(26)).join('')}`,
  );
  for (const rival of rivals) await rival.close();
}

/** Milliseconds of each run, ascending, after one that is not counted. */
async function measure(
  queries: string[][],
  rounds: number,
  run: (words: string[]) => Promise<void>,
): Promise<number[]> {
  const times: number[] = [];
  for (let round = -1; round < rounds; round++) {
    for (const words of queries) {
      const start = performance.now();
      await run(words);
      if (round >= 0) times.push(performance.now() - start);
    }
  }
  return times.sort((a, b) => a - b);
}

function quantile(ascending: number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0;
}

function at(ascending: number[], share: number): string {
  return quantile(ascending, share).toFixed(2);
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
