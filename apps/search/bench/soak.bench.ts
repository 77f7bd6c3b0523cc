import { setTimeout as delay } from 'node:timers/promises';
import { BenchPlatform } from './bench.platform.ts';
import { QuoteCorpus } from './quote.corpus.ts';

/**
 * Makes 500 changes a second and searches without a pause, for 20 minutes or as many as the command
 * line gives; half of the changes are deletions once there are 50,000 quotes. Memory and lag must
 * stay flat. Nothing runs it but a person.
 */
const MINUTES = Number(process.argv[2] ?? 20);
const CHANGES_A_SECOND = 500;
const QUOTES = 50_000;
const WORDS = [
  'de',
  'the',
  'la',
  'image',
  'the of',
  'de la',
  'calque',
  'imag',
  'imgae',
  '"of the"',
];

const platform = await BenchPlatform.start();
const { writer } = platform;
const search = await platform.service('search');
const quotes = new QuoteCorpus('data/corpus').quotes(Number.POSITIVE_INFINITY);
const ids: string[] = [];
const end = Date.now() + MINUTES * 60_000;
let searches = 0;

async function change(): Promise<void> {
  const begin = performance.now();
  for (let i = 0; Date.now() < end; i++) {
    await delay(Math.max(0, begin + (i * 1000) / CHANGES_A_SECOND - performance.now()));
    if (ids.length >= QUOTES && i % 2 === 0) await writer.remove(ids.shift() ?? '');
    else ids.push(...(await writer.add(String(quotes.next().value))));
  }
}

async function ask(): Promise<void> {
  for (; Date.now() < end; searches++) {
    await (
      await fetch(
        `${search.url}/search?keyword=${encodeURIComponent(WORDS[searches % WORDS.length] ?? '')}`,
      )
    ).text();
  }
}

async function report(): Promise<void> {
  for (let minute = 0; Date.now() < end; minute++) {
    const metrics = await (await fetch(`${search.url}/metrics`)).text();
    const value = (name: string) =>
      new RegExp(`^search_index_${name} (.*)$`, 'm').exec(metrics)?.[1] ?? '';
    const lag = `${value('lag_entries')} entries, ${value('lag_seconds')} s`;
    console.log(
      `${minute} min: ${value('documents')} quotes, ${searches} searches, ${search.memory().toFixed(0)} MB, lag ${lag}`,
    );
    await delay(Math.min(60_000, Math.max(0, end - Date.now())));
  }
}

try {
  for (let from = 0; from < QUOTES; from += 128) {
    ids.push(
      ...(await writer.add(...Array.from({ length: 128 }, () => String(quotes.next().value)))),
    );
  }
  await Promise.all([change(), ask(), report()]);
} finally {
  platform.stop();
}
