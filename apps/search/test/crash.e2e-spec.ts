import { setTimeout as delay } from 'node:timers/promises';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { generator } from '#libs/testing/random.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const KILLS = 100;
const WRITERS = 3;
/** Quotes are spread over so many words, so that no answer is longer than a search may page. */
const LOTS = 20;

// Synced every second, Redis may answer before it has written.
const platform = new Platform(['--appendfsync', 'always']);
const keys = shardKeys(0);
const random = generator(7);

beforeAll(() => platform.start());
afterAll(() => platform.stop());

/** A part of the platform that is killed again and again, and started again at once each time. */
class Victim {
  service: ServiceProcess | undefined;
  back: Promise<void>;
  readonly #start: () => Promise<ServiceProcess | undefined>;
  readonly #kill: (service?: ServiceProcess) => Promise<unknown> | undefined;

  constructor(
    start: () => Promise<ServiceProcess | undefined>,
    kill: (service?: ServiceProcess) => Promise<unknown> | undefined,
  ) {
    this.#start = start;
    this.#kill = kill;
    this.back = this.#restart();
  }

  async kill(): Promise<void> {
    await this.back;
    await this.#kill(this.service);
    this.back = this.#restart();
  }

  async #restart(): Promise<void> {
    this.service = await this.#start();
    await this.service?.ready();
  }
}

it(`keeps documents, log and index alike through ${KILLS} kills`, async () => {
  const [writer, replica] = ['quotes', 'search'].map(
    (app) =>
      new Victim(
        () => platform.launch(app),
        (service) => service?.end('SIGKILL'),
      ),
  ) as [Victim, Victim];
  await Promise.all([writer.back, replica.back]);
  await platform.signalRedis('SIGKILL');
  const redis = new Victim(
    () => platform.startRedis().then(() => undefined),
    () => platform.signalRedis('SIGKILL'),
  );

  let isWriting = true;
  const kept = new Set<string>();
  const deleted = new Set<string>();
  const write = async (n: number) => {
    for (let i = n; isWriting; i += WRITERS) {
      try {
        const quotes = writer.service as ServiceProcess;
        const quote = `mille sabords lot${i % LOTS}`;
        const answer = await call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote } });
        if (answer.status !== 201) continue;
        const { id } = answer.body;
        kept.add(id);
        if (i % 3 > 0) continue;
        // From now on the quote may be gone, whether or not an answer comes.
        kept.delete(id);
        const removal = await call(quotes, `DELETE /quotes/${id}`, { key: ADMIN_KEY });
        if (removal.status === 204) deleted.add(id);
      } catch {
        // The service is away: leave the processor to those who bring it back.
        await delay(20);
      }
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, n) => write(n));
  // On a slow machine kills go on until enough quotes were written that a kill could have lost.
  for (let kill = 0; kill < KILLS || kept.size <= 100; kill++) {
    await delay(random() * 100);
    await [writer, replica, redis, redis][Math.floor(random() * 4)]?.kill();
    // There is a pause now and then, in which all come back: each waits for the others.
    if (kill % 5 === 0) await Promise.all([writer.back, replica.back, redis.back]);
  }
  await Promise.all([writer.back, replica.back, redis.back]);
  isWriting = false;
  await Promise.all(writers);

  const ids = await eventually(() => platform.redis.zrange(keys.quotes, '0', '-1'));
  expect(ids.length).toBeGreaterThan(100);
  expect([...kept].filter((id) => !ids.includes(id))).toEqual([]);
  expect([...deleted].filter((id) => ids.includes(id))).toEqual([]);
  const documents = await platform.keys(`${keys.quote}*`);
  expect(documents.map((key) => key.slice(keys.quote.length)).sort()).toEqual(ids.toSorted());

  const last = new Map<string, string>();
  for (const [, [change = '', id = '']] of await platform.redis.xrange(keys.log, '-', '+'))
    last.set(id, change);
  expect(
    [...last]
      .filter(([, change]) => change === 'u')
      .map(([id]) => id)
      .sort(),
  ).toEqual(ids.toSorted());

  await eventually(async () => {
    const indexed: string[] = [];
    const search = replica.service as ServiceProcess;
    for (let lot = 0; lot < LOTS; lot++)
      indexed.push(...(await allFound(search, `"sabords lot${lot}"`)));
    expect(indexed.sort()).toEqual(ids.toSorted());
  });
}, 600_000);

/** The ids of all quotes that match. */
async function allFound(search: ServiceProcess, keyword: string): Promise<string[]> {
  const ids: string[] = [];
  for (let offset = 0; ; offset += 100) {
    const target = `GET /search?keyword=${encodeURIComponent(keyword)}&limit=100&offset=${offset}`;
    const { body } = await call(search, target);
    ids.push(...body.items.map((item: { id: string }) => item.id));
    if (offset + 100 >= body.total) return ids;
  }
}
