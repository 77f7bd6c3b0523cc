import { setTimeout as delay } from 'node:timers/promises';
import { ProcessorLimit } from '#libs/testing/processor-limit.ts';
import { BenchPlatform } from './bench.platform.ts';
import { QuoteCorpus } from './quote.corpus.ts';

/**
 * Three clients who ask for ten of the dearest searches each, at once, of a replica that has 0.2 of
 * a processor; and another one, who asks for one after the other. Wants root and a control group of
 * version 1 for the limit. The argument is the number of quotes.
 */
const size = Number(process.argv[2] ?? 125_000);
const BATCH = 128;
const SECONDS = 20;
const CPU_LIMIT = 0.2;
/** Found by dearest.bench.ts. */
const DEAREST = [
  ['le -paquets -bot de -"etc plus" le', 10_000],
  ['the -"the of" -"the and" -"the in" -"the to" -"the for" -"the he" -"the that" -"the a"', 0],
  [
    'the -"of the" -"and the" -"in the" -"to the" -"for the" -"all the" -"from the" -"by the"',
    10_000,
  ],
] as const;
const PLAIN = ['tonnerre', 'the lord', 'image', 'israel children', 'calque'];

const platform = await BenchPlatform.start();
let limit: ProcessorLimit | undefined;
try {
  const quotes = [...new QuoteCorpus('data/corpus').quotes(size)];
  for (let from = 0; from < size; from += BATCH)
    await platform.writer.add(...quotes.slice(from, from + BATCH));
  const { url, pid } = await platform.service('search', { TRUSTED_PROXIES: '127.0.0.1' });
  limit = new ProcessorLimit(pid, CPU_LIMIT);

  const ask = async (client: number, keyword: string, offset = 0) => {
    const query = `keyword=${encodeURIComponent(keyword)}&limit=100&offset=${offset}`;
    const answer = await fetch(`${url}/search?${query}`, {
      headers: { 'x-forwarded-for': `192.0.2.${client}` },
    });
    await answer.text();
    return answer.status;
  };
  const end = performance.now() + SECONDS * 1000;
  const statuses = new Map<string, number>();
  const count = (who: string, status: number) =>
    statuses.set(`${who} ${status}`, (statuses.get(`${who} ${status}`) ?? 0) + 1);
  const attack = async (client: number, n: number) => {
    const [keyword, offset] = DEAREST[n % DEAREST.length] ?? DEAREST[0];
    while (performance.now() < end) count('attackers', await ask(client, keyword, offset));
  };
  const attackers = Array.from({ length: 30 }, (_, n) => attack(1 + (n % 3), n));
  await delay(2000);
  const waits: number[] = [];
  for (let n = 0; performance.now() < end; n++) {
    const start = performance.now();
    count('bystander', await ask(9, PLAIN[n % PLAIN.length] ?? ''));
    waits.push(performance.now() - start);
  }
  await Promise.all(attackers);
  waits.sort((a, b) => a - b);
  const seconds = (share: number) =>
    ((waits[Math.floor(share * (waits.length - 1))] ?? 0) / 1000).toFixed(2);
  console.log(
    `bystander: ${waits.length} searches, median ${seconds(0.5)} s, longest ${seconds(1)} s`,
  );
  console.log([...statuses].map(([status, times]) => `${status}: ${times}`).join(', '));
} finally {
  platform.stop();
  await limit?.end();
}
