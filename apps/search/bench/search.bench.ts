import { InvertedEngine } from '../src/engine/inverted.engine.ts';
import { parseQuery } from '../src/engine/query.parser.ts';
import { termsOf } from '../src/engine/tokenizer.ts';
import { Fts5Rival } from './fts5.rival.ts';
import { PostgresRival } from './postgres.rival.ts';
import { ProcessRival } from './process.rival.ts';
import { Programs } from './programs.ts';
import { keywordOf, type QueryClass, queryClasses } from './query.classes.ts';
import { QuoteCorpus } from './quote.corpus.ts';
import type { Rival, RivalAnswer } from './rival.ts';

/**
 * The index alone, beside other engines over the same folded words: the best 20 hits and exact
 * totals, in one thread each, in milliseconds (p50 / p99). The command line may give sizes and
 * names of engines. The verdict is against Lucene and tantivy, which run in a thread as ours does.
 */
const chosen = process.argv.slice(2);
const numbers = chosen.map(Number).filter((number) => number > 0);
const sizes = numbers.length > 0 ? numbers : [10_000, 100_000, 1_000_000];
const CACHE = 'data/bench';
const LUCENE = '10.3.1';
const TANTIVY = '0.27.0';
/** The rivals that ours is held against. */
const TARGETS: readonly string[] = ['Lucene', 'tantivy'];
/** The classes in which ours may take half the time of the faster of these at most. */
const HALVED: readonly string[] = ['common', 'two words', 'worst AND'];
/** What is below counts as equal. */
const EQUAL_MS = 0.05;
/** Engines that compile as they run get this long to do so, for each class. */
const WARM_UP_MS = 1000;
const MEASURED_MS = 1500;
const MIN_ROUNDS = 3;
const COLUMN = 17;

const programs = new Programs(CACHE);
const STARTS: Record<string, () => Rival> = {
  Lucene: () => {
    const [group, version] = ['org.apache.lucene', LUCENE];
    const artifacts = ['lucene-core', 'lucene-analysis-common'];
    const classPath = programs.classPath(
      `lucene-${LUCENE}`,
      artifacts.map((artifact) => `${group}:${artifact}:${version}`),
    );
    const flags = ['--add-modules', 'jdk.incubator.vector', '-Xmx2g', '-XX:+UseSerialGC'];
    const source = 'apps/search/bench/lucene.rival.java';
    return new ProcessRival('Lucene', programs.java(21), [...flags, '-cp', classPath, source]);
  },
  tantivy: () => {
    const python = programs.python(`tantivy-${TANTIVY}`, [`tantivy==${TANTIVY}`]);
    return new ProcessRival('tantivy', python, ['apps/search/bench/tantivy.rival.py']);
  },
  PostgreSQL: () => new PostgresRival(),
  'SQLite FTS5': () => new Fts5Rival(),
};

const corpus = new QuoteCorpus('data/corpus');
for (const size of sizes) {
  const quotes = [...corpus.quotes(size)];
  const texts = quotes.map((quote) => termsOf(quote).join(' '));
  const engine = new InvertedEngine();
  let start = performance.now();
  // As a replica is filled: rivals make one segment of all, too.
  engine.isFilling = true;
  quotes.forEach((quote, i) => {
    engine.add((i + 1) * 50, quote, null);
  });
  engine.isFilling = false;
  console.log(`\n${size} quotes, ${engine.terms} words: indexed in ${seconds(start)} s`);
  const ours = async ({ kind }: QueryClass, words: string[]): Promise<RivalAnswer> => {
    const begin = performance.now();
    const query = parseQuery(keywordOf(kind, words));
    const { total } = engine.search({ query, limit: 20, offset: 0 });
    return { total, times: [performance.now() - begin] };
  };
  const classes = queryClasses(texts);
  const measured = new Map<string, Measured[]>();
  measured.set('ours', await all(classes, ours));
  // One after the other, so that no engine is measured while another one uses the machine.
  for (const [name, begin] of Object.entries(STARTS)) {
    if (chosen.length > numbers.length && !chosen.includes(name)) continue;
    let rival: Rival | undefined;
    try {
      rival = begin();
      start = performance.now();
      await rival.build(texts);
      console.log(`  ${name}: ${seconds(start)} s`);
      const { kinds } = rival;
      const search = rival.search.bind(rival);
      const answered = classes.filter(({ kind }) => kinds.includes(kind));
      const results = await all(answered, ({ kind }, words) => search(kind, words));
      measured.set(
        name,
        classes.map((known) => results[answered.indexOf(known)] ?? { totals: [], times: [] }),
      );
    } catch (error) {
      console.log(`  ${name} is left out: ${(error as Error).message}`);
    }
    await rival?.close();
  }
  print(classes, measured);
}

interface Measured {
  /** By query. */
  totals: number[];
  /** Milliseconds, ascending; empty when it is not measured. */
  times: number[];
}

type Search = (known: QueryClass, words: string[]) => Promise<RivalAnswer>;

async function all(classes: readonly QueryClass[], search: Search): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const known of classes) results.push(await measure(known, search));
  return results;
}

/** Runs a class again and again; of several ways to do it the fastest counts. */
async function measure(known: QueryClass, search: Search): Promise<Measured> {
  const ways: number[][] = [];
  let totals: number[] = [];
  const round = async () => {
    const answers: RivalAnswer[] = [];
    for (const words of known.queries) answers.push(await search(known, words));
    return answers;
  };
  const warm = performance.now() + WARM_UP_MS;
  while (performance.now() < warm) totals = (await round()).map(({ total }) => total);
  const end = performance.now() + MEASURED_MS;
  for (let rounds = 0; rounds < MIN_ROUNDS || performance.now() < end; rounds++) {
    for (const { times } of await round()) {
      for (const [i, time] of times.entries()) {
        ways[i] ??= [];
        ways[i].push(time);
      }
    }
  }
  for (const way of ways) way.sort((a, b) => a - b);
  ways.sort((a, b) => quantile(a, 0.5) - quantile(b, 0.5));
  return { totals, times: ways[0] ?? [] };
}

function print(classes: readonly QueryClass[], measured: ReadonlyMap<string, Measured[]>): void {
  const names = [...measured.keys()];
  const head = names.map((name) => name.padStart(COLUMN)).join('');
  console.log(`${'class'.padEnd(14)}${'hits'.padStart(9)}${head}  verdict`);
  for (const [i, { name, queries }] of classes.entries()) {
    const row = names.map((engine) => measured.get(engine)?.[i] ?? { totals: [], times: [] });
    const [ours] = row;
    const cells = row.map(({ times }) => (times.length > 0 ? both(times) : '-').padStart(COLUMN));
    const line = `${name.padEnd(14)}${String(ours?.totals.at(-1)).padStart(9)}${cells.join('')}`;
    console.log(`${line}  ${verdict(name, row, names)}`);
    for (const [engine, { totals }] of row.entries()) {
      for (const [q, total] of totals.entries()) {
        if (total === ours?.totals[q]) continue;
        const words = queries[q]?.join(' ');
        console.log(`  "${words}": ${ours?.totals[q]} hits, ${total} of ${names[engine]}`);
      }
    }
  }
}

function verdict(name: string, row: readonly Measured[], names: readonly string[]): string {
  const theirs = row.flatMap(({ times }, i) =>
    times.length > 0 && TARGETS.includes(names[i] ?? '') ? quantile(times, 0.5) : [],
  );
  if (theirs.length === 0) return 'no rival';
  const target = Math.max(EQUAL_MS, Math.min(...theirs) * (HALVED.includes(name) ? 0.5 : 1));
  const ours = quantile(row[0]?.times ?? [], 0.5);
  const times = (ours / target).toFixed(2);
  return `${ours <= target ? 'held' : 'MISSED'}: ${times} of ${target.toFixed(3)}`;
}

function both(ascending: number[]): string {
  return `${quantile(ascending, 0.5).toFixed(3)} / ${quantile(ascending, 0.99).toFixed(3)}`;
}

function quantile(ascending: number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
