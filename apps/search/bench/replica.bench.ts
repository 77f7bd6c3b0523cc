import { setTimeout as delay } from 'node:timers/promises';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { QUOTE_SCRIPTS } from '#libs/quotes/quote.scripts.ts';
import { termsOf } from '../src/engine/tokenizer.ts';
import { SNAPSHOT_KEYS } from '../src/snapshot.keys.ts';
import { BENCH_KEY, BenchPlatform } from './bench.platform.ts';
import { keywordOf, queryClasses } from './query.classes.ts';
import { QuoteCorpus } from './quote.corpus.ts';

/**
 * A real search service over a real Redis, at the size given on the command line, of quotes with
 * author, tags and language: time to ready, memory, latency over HTTP, how soon a new quote is
 * found, and what it costs Redis.
 */
const size = Number(process.argv[2] ?? 1_000_000);
if (size < 25_000) throw new RangeError('at least 25,000 quotes: no snapshot is saved for fewer');
const BATCH = 128;
const WRITES_A_SECOND = 200;
const WRITES = 3000;
/** The first writes are not measured: the service that takes them has just started. */
const WARM_UP_WRITES = 500;

const platform = await BenchPlatform.start();
const { client, writer } = platform;
const start = (app: string) => platform.service(app);

function show(name: string, value: string): void {
  console.log(`${name.padEnd(44)}${value}`);
}

function quantile(numbers: number[], share: number): number {
  const ascending = numbers.toSorted((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0;
}

/**
 * The time that Redis spent on those commands since its statistics were reset: of the 99.9th
 * percentiles of the commands the largest.
 */
async function slowest(commands: RegExp): Promise<string> {
  const [worst] = [
    ...(await client.info('latencystats')).matchAll(
      /latency_percentiles_usec_(\S+?):.*p99\.9=([\d.]+)/g,
    ),
  ]
    .filter(([, command = '']) => commands.test(command))
    .sort((a, b) => Number(b[2]) - Number(a[2]));
  return `99.9 % of ${worst?.[1]} within ${worst?.[2]} us`;
}

/**
 * The time that Redis takes for the script that adds a quote, divided by its time for the same
 * script without the entry in the log: the median of interleaved rounds.
 */
async function writeCost(): Promise<number> {
  const script = QUOTE_SCRIPTS.addQuotes.lua;
  const plain = script.replace(/redis\.call\('XADD'.*\n/, '\n');
  if (plain === script) throw new Error('the script that adds a quote writes no log');
  const time = async (lua: string, tag: string) => {
    await client.config('RESETSTAT');
    const keys = Object.values(shardKeys(0)).map((key) => key.replace(/{.*}/, `{${tag}}`));
    const row = [
      '',
      JSON.stringify('Mille millions de mille sabords, tonnerre de Brest et autres lieux'),
      '',
    ];
    for (let i = 0; i < 2000; i++)
      await client.eval(lua, keys.length, ...keys, 1, 0, Date.now() * 1000, '', ...row);
    const stats = await client.info('commandstats');
    return Number(/cmdstat_eval:.*usec_per_call=([\d.]+)/.exec(stats)?.[1]);
  };
  const ratios: number[] = [];
  for (let round = 0; round < 11; round++)
    ratios.push((await time(script, 'logged')) / (await time(plain, 'plain')));
  return quantile(ratios, 0.5);
}

const search = async (url: string, keyword: string) =>
  (await (await fetch(`${url}/search?keyword=${encodeURIComponent(keyword)}`)).json()) as {
    total: number;
  };

try {
  const empty = await start('search');
  const emptyMemory = empty.memory();
  empty.kill();
  show(
    'process start to ready, no quotes',
    `${empty.seconds.toFixed(2)} s, ${emptyMemory.toFixed(0)} MB`,
  );

  const quotes = [...new QuoteCorpus('data/corpus').detailedQuotes(size)];
  let begin = performance.now();
  for (let from = 0; from < size; from += 8 * BATCH) {
    const batches = Array.from({ length: 8 }, (_, i) =>
      quotes.slice(from + i * BATCH, from + (i + 1) * BATCH),
    );
    await Promise.all(
      batches.filter((batch) => batch.length > 0).map((batch) => writer.add(...batch)),
    );
  }
  show(`${size} quotes written to Redis`, `${((performance.now() - begin) / 1000).toFixed(1)} s`);

  await client.config('RESETSTAT');
  const first = await start('search');
  show(
    'ready from nothing',
    `${first.seconds.toFixed(1)} s, ${(first.memory() - emptyMemory).toFixed(0)} MB above empty`,
  );
  while (!(await client.exists(SNAPSHOT_KEYS.snapshot))) await delay(50);
  const bytes = Number(
    await client.call('MEMORY', 'USAGE', SNAPSHOT_KEYS.snapshot, 'SAMPLES', '0'),
  );
  show('snapshot in Redis', `${(bytes / size).toFixed(1)} bytes a quote`);
  first.kill();
  const { url, seconds, memory } = await start('search');
  show(
    'ready from the snapshot',
    `${seconds.toFixed(1)} s, ${(memory() - emptyMemory).toFixed(0)} MB above empty`,
  );

  show('Redis, while replicas start', await slowest(/^mget|^zrange|^lrange/));

  await client.config('RESETSTAT');
  for (const { name, kind, queries } of queryClasses(
    quotes.map(({ quote }) => termsOf(quote).join(' ')),
  )) {
    const times: number[] = [];
    for (let round = 0; round < 40; round++) {
      for (const words of queries) {
        const start = performance.now();
        await search(url, keywordOf(kind, words));
        if (round > 0) times.push(performance.now() - start);
      }
    }
    show(
      `over HTTP: ${name}`,
      `p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`,
    );
  }
  show('Redis, while searching', await slowest(/^mget/));
  show('memory after the searches', `${(memory() - emptyMemory).toFixed(0)} MB above empty`);

  const service = await start('quotes');
  const waits: number[] = [];
  const found: Promise<void>[] = [];
  begin = performance.now();
  for (let i = 0; i < WRITES; i++) {
    await delay(Math.max(0, begin + (i * 1000) / WRITES_A_SECOND - performance.now()));
    const write = async () => {
      const body = JSON.stringify({ ...quotes[i], quote: `${quotes[i]?.quote} unique${i}` });
      const headers = { authorization: BENCH_KEY, 'content-type': 'application/json' };
      const answer = await fetch(`${service.url}/quotes`, { method: 'POST', headers, body });
      if (answer.status !== 201) throw new Error(`a write was answered with ${answer.status}`);
      // Every tenth is looked for, so that the looking does not become the load.
      if (i < WARM_UP_WRITES || i % 10 > 0) return;
      const written = performance.now();
      while ((await search(url, `"unique${i}"`)).total === 0);
      waits.push(performance.now() - written);
    };
    found.push(write());
  }
  await Promise.all(found);
  const findable = `p50 ${quantile(waits, 0.5).toFixed(1)} ms, p99 ${quantile(waits, 0.99).toFixed(1)} ms`;
  show(`findable after its 201, ${WRITES_A_SECOND} writes/s`, findable);
  show('Redis time of a write, of one without log', `${(await writeCost()).toFixed(2)} times`);
} finally {
  platform.stop();
}
