import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import type { RedisClient } from '#libs/redis/redis.connection.ts';
import { RedisService } from '#libs/redis/redis.service.ts';
import {
  completeQuote,
  digestOf,
  encodeChanges,
  encodeContent,
  encodeQuote,
  type Quote,
  type QuoteChanges,
  type QuoteContent,
} from './quote.document.ts';
import { type ShardKeys, shardKeys } from './quote.keys.ts';
import { type ChangeRefusal, type DeleteOutcome, QUOTE_SCRIPTS } from './quote.scripts.ts';

/** A quote to be stored. */
export interface NewQuote extends QuoteContent {
  /** The user who signs it, who must exist when given. */
  user_id: string | null;
}

/**
 * The states of a quote in which it may be written: digests with commas between them, each the
 * first 24 hexadecimal digits of the SHA-1 of its JSON representation, or `*` for every state.
 */
export interface WritableStates {
  /** It must be in one of these. */
  match: string;
  /** It must be in none of these. */
  noneMatch: string;
}

const ANY_STATE: WritableStates = { match: '*', noneMatch: '' };

/** A page of quotes. */
export interface QuotePage {
  /** JSON representations, complete. */
  documents: string[];
  total: number;
  /** Id of the last quote of the page if more follow. */
  next: string | null;
}

interface QuoteRow {
  id: string;
  document: string;
}

/** What came of one imported quote: its new id, or why it was not added. */
export type ImportOutcome = { id: string } | 'known' | 'unknown';

/**
 * What came of one restored quote: added; already there; `unknown` when the user who signs it is
 * not there; `taken` when a quote with other content has its id; `ahead` when its id is of a time
 * to come.
 */
export type RestoreOutcome = 'added' | 'known' | 'unknown' | 'taken' | 'ahead';

/** Redis handles as many quotes in one call of a script, which takes about a millisecond. */
const BATCH_SIZE = 128;

/**
 * For a batch of a walk over several shards, each is asked for so many ids beyond its part, because
 * some have more of the next quotes than others.
 */
const SPARE_IDS = 8;

/**
 * How far a restored id may be ahead of the clock: more than clocks differ. New ids of its shard
 * follow it, so that one of next year would date all of them wrong.
 */
const MAX_AHEAD_MS = 5 * 60_000;

/**
 * Quotes in Redis. A quote is stored as the bytes of its JSON representation, which are completed
 * when they are read. Its id is a snowflake: the microsecond of its creation, strictly increasing
 * within a shard, so that order of ids is order of commits; the shard is the id modulo the number
 * of shards.
 */
@Injectable()
export class QuotesRepository {
  private readonly shards: readonly ShardKeys[];

  constructor(
    private readonly redis: RedisService,
    @Inject(CONFIG) config: Config,
  ) {
    redis.define(QUOTE_SCRIPTS);
    this.shards = Array.from({ length: config.REDIS_SHARDS }, (_, shard) => shardKeys(shard));
  }

  /**
   * Adds one quote.
   * @returns its JSON representation, or undefined when the user who signs it is unknown
   * @throws RedisUnavailableError
   */
  async add(quote: NewQuote): Promise<{ id: string; document: string } | undefined> {
    const shard = Math.floor(Math.random() * this.shards.length);
    const createdAt = new Date();
    const [id] = await this.addToShard(shard, createdAt, [{ ...quote, digest: '' }]);
    if (id === undefined || id === 'unknown') return undefined;
    const time = createdAt.toISOString();
    const stored = encodeQuote({ ...quote, id, created_at: time, updated_at: time });
    return { id, document: completeQuote(stored) };
  }

  /**
   * Adds the quotes that no import has added before. A quote is recognised by its text.
   * @returns an outcome per quote, in order
   * @throws RedisUnavailableError; quotes of the call may then have been added, and are recognised
   *   when it is repeated
   */
  async import(quotes: readonly NewQuote[]): Promise<ImportOutcome[]> {
    const createdAt = new Date();
    const entries = quotes.map((quote) => ({ ...quote, digest: digestOf(quote.quote) }));
    const known = await this.knownAnywhere(entries.map(({ digest }) => digest));
    const isKnown = ({ digest }: { digest: string }) => known.has(digest);
    const answers = await this.writeBatches(
      entries.filter((entry) => !isKnown(entry)),
      ({ digest }) => this.shardOfDigest(digest),
      (shard, batch) => this.addToShard(shard, createdAt, batch),
    );
    let next = 0;
    return entries.map((entry) => {
      const answer = isKnown(entry) ? 'known' : (answers[next++] ?? 'unknown');
      return answer === 'known' || answer === 'unknown' ? answer : { id: answer };
    });
  }

  /**
   * Stores quotes under the ids and times that they have; what is there stays as it is.
   * @returns an outcome per quote, in order
   * @throws RedisUnavailableError; quotes of the call may then have been added, and are known when
   *   it is repeated
   */
  async restore(quotes: readonly Quote[]): Promise<RestoreOutcome[]> {
    const newest = (Date.now() + MAX_AHEAD_MS) * 1000;
    const isAhead = ({ id }: Quote) => Number(id) > newest;
    const timely = quotes.filter((quote) => !isAhead(quote));
    const outcomes = await this.writeBatches(
      timely,
      ({ id }) => this.shardNumberOf(id),
      (shard, batch) => this.restoreToShard(shard, batch),
    );
    let next = 0;
    return quotes.map((quote) => (isAhead(quote) ? 'ahead' : (outcomes[next++] ?? 'unknown')));
  }

  /**
   * Walks all quotes by ascending id, up to the newest one of its beginning. Each that is there
   * from its beginning to its end is among them.
   * @param after id behind which the walk begins
   * @returns JSON representations, complete, in batches
   * @throws RedisUnavailableError
   */
  async *walk(after = '0'): AsyncGenerator<string[], void> {
    const newest = await this.newestId();
    let ids = await this.idsBehind(after, newest);
    while (ids.length > 0) {
      const batch = ids.slice(0, BATCH_SIZE);
      const rest = ids.slice(BATCH_SIZE);
      // The next ids come along with these quotes: one round trip a batch.
      const [documents, next] = await Promise.all([
        this.findMany(batch),
        rest.length > 0 ? rest : this.idsBehind(batch.at(-1) ?? '', newest),
      ]);
      const found = documents.filter((document) => document !== null);
      if (found.length > 0) yield found;
      ids = next;
    }
  }

  /**
   * The JSON representation of a quote, ready to be sent, or null.
   * @param id decimal digits
   * @throws RedisUnavailableError
   */
  async find(id: string): Promise<string | null> {
    const stored = await this.redis.read('quote.find', (client) =>
      client.get(this.shardOf(id).quote + id),
    );
    return stored && completeQuote(stored);
  }

  /**
   * The JSON representations of quotes, in the order of the ids; null where there is none. One
   * round trip, on a Redis Cluster one to each node at the same time.
   * @param maxBytes nothing is read when the stored documents have more (in several shards: those
   *   of one shard more than its part of them); Redis measures them, so that they are not sent
   * @throws RedisUnavailableError
   */
  findMany(ids: readonly string[]): Promise<(string | null)[]>;
  findMany(ids: readonly string[], maxBytes: number): Promise<(string | null)[] | undefined>;
  async findMany(
    ids: readonly string[],
    maxBytes?: number,
  ): Promise<(string | null)[] | undefined> {
    if (ids.length === 0) {
      // There is nothing to read, but the answer must not hide that Redis is away.
      await this.redis.read('ping', (client) => client.ping());
      return [];
    }
    const byShard = [...Map.groupBy(ids, (id) => this.shardOf(id))];
    const share = maxBytes === undefined ? undefined : Math.floor(maxBytes / byShard.length);
    const answers = await this.redis.read('quote.findMany', (client) =>
      Promise.all(
        byShard.map(([{ quote }, some]) =>
          share === undefined
            ? client.mget(some.map((id) => quote + id))
            : client.findQuotes(1, quote, share, ...some),
        ),
      ),
    );
    if (answers.includes(null)) return undefined;
    const documents = new Map(
      byShard.flatMap(([, some], i) => some.map((id, j) => [id, answers[i]?.[j] ?? null] as const)),
    );
    return ids.map((id) => {
      const stored = documents.get(id);
      return stored ? completeQuote(stored) : null;
    });
  }

  /**
   * Quotes from newest to oldest.
   * @param before id below which the page starts; undefined for the newest
   * @param userId only the quotes that this user signed
   * @param maxBytes as in findMany()
   * @throws RedisUnavailableError
   */
  list(limit: number, before?: string, userId?: string): Promise<QuotePage>;
  list(
    limit: number,
    before: string | undefined,
    userId: string | undefined,
    maxBytes: number,
  ): Promise<QuotePage | undefined>;
  async list(
    limit: number,
    before?: string,
    userId?: string,
    maxBytes = Number.MAX_SAFE_INTEGER,
  ): Promise<QuotePage | undefined> {
    const from = before === undefined ? '+inf' : `(${before}`;
    const answers = await this.redis.read('quote.list', (client) =>
      Promise.all(
        this.shards.map((keys) =>
          client.listQuotes(
            2,
            userId === undefined ? keys.quotes : keys.byUser + userId,
            keys.quote,
            from,
            limit + 1,
            Math.floor(maxBytes / this.shards.length),
          ),
        ),
      ),
    );
    const found = answers.filter((answer) => answer !== null);
    if (found.length < answers.length) return undefined;
    const rows = newestFirst(found);
    return {
      documents: rows.slice(0, limit).map(({ document }) => completeQuote(document)),
      total: found.reduce((sum, [count]) => sum + count, 0),
      next: rows.length > limit ? (rows[limit - 1]?.id ?? null) : null,
    };
  }

  /**
   * A quote drawn at random, each as likely as any other, or null when there is none.
   * @throws RedisUnavailableError
   */
  async random(): Promise<string | null> {
    const stored = await this.redis.read('quote.random', async (client) => {
      const keys = this.shards.length > 1 ? await this.drawShard(client) : this.shards[0];
      return keys ? client.randomQuote(2, keys.quotes, keys.quote, Math.random()) : null;
    });
    return stored && completeQuote(stored);
  }

  /**
   * Changes the given fields of a quote; the others stay, whatever others change at the same time.
   * `updated_at` becomes now when something is another than it was.
   * @param author the user whose quote it must be; undefined when it may be anybody's
   * @returns its JSON representation, or why it was not changed
   * @throws RedisUnavailableError
   */
  async change(
    id: string,
    changes: QuoteChanges,
    author?: string,
    { match, noneMatch } = ANY_STATE,
  ): Promise<{ document: string } | ChangeRefusal> {
    const { quote, byUser, authors, log, imported } = this.shardOf(id);
    const condition = [id, author ?? '', match, noneMatch, new Date().toISOString()];
    const [outcome, document] = await this.redis.write('quote.change', (client) =>
      client.changeQuote(
        5,
        ...[quote, byUser, authors, log, imported],
        ...[...condition, ...encodeChanges(changes)],
      ),
    );
    return outcome === 'done' ? { document: completeQuote(document ?? '') } : outcome;
  }

  /**
   * Deletes a quote with all its index entries.
   * @param author when given, whose quote it must be
   * @throws RedisUnavailableError
   */
  delete(id: string, author?: string, { match, noneMatch } = ANY_STATE): Promise<DeleteOutcome> {
    const { quote, quotes, byUser, log, imported } = this.shardOf(id);
    return this.redis.write('quote.delete', (client) =>
      client.deleteQuote(
        5,
        ...[quote, quotes, byUser, log, imported],
        ...[id, author ?? '', match, noneMatch],
      ),
    );
  }

  /**
   * Lets a user sign quotes.
   * @param incarnation tells this user from earlier ones of the same id
   * @throws RedisUnavailableError
   */
  async allowAuthor(userId: string, incarnation: string): Promise<void> {
    await this.redis.write('author.allow', (client) =>
      Promise.all(this.shards.map((keys) => client.hset(keys.authors, userId, incarnation))),
    );
  }

  /**
   * Makes all quotes of a removed user unsigned, in batches; may be repeated, and run twice at
   * once.
   * @throws RedisUnavailableError
   */
  async unsign(userId: string, incarnation: string): Promise<void> {
    for (const keys of this.shards) {
      let changed: number;
      do {
        changed = await this.redis.write('quote.unsign', (client) =>
          client.unsignQuotes(
            4,
            keys.quote,
            keys.byUser,
            keys.authors,
            keys.log,
            userId,
            incarnation,
            BATCH_SIZE,
          ),
        );
      } while (changed === BATCH_SIZE);
    }
  }

  /**
   * Those of the digests that stand in any shard. The digest of a quote whose text was changed
   * stands in the shard of the quote, whereas an import would add the text to the shard that its
   * digest chooses; with one shard they are the same.
   */
  private async knownAnywhere(digests: readonly string[]): Promise<Set<string>> {
    if (this.shards.length === 1 || digests.length === 0) return new Set();
    const answers = await this.redis.read('quote.imported', (client) =>
      Promise.all(this.shards.map(({ imported }) => client.hmget(imported, ...digests))),
    );
    return new Set(digests.filter((_, i) => answers.some((ids) => ids[i] !== null)));
  }

  /** The newest id; 0 when there is none. */
  private async newestId(): Promise<string> {
    const newest = await this.redis.read('quote.newest', (client) =>
      Promise.all(this.shards.map(({ quotes }) => client.zrange(quotes, '-1', '-1'))),
    );
    return String(Math.max(0, ...newest.flat().map(Number)));
  }

  /**
   * The ids that come next behind an id, by ascending id, with none of them left out.
   * @param last beyond which no id counts
   */
  private async idsBehind(id: string, last: string): Promise<string[]> {
    const shards = this.shards.length;
    const count = Math.ceil(BATCH_SIZE / shards) + (shards > 1 ? SPARE_IDS : 0);
    const parts = await this.redis.read('quote.walk', (client) =>
      Promise.all(
        this.shards.map(({ quotes }) =>
          client.zrange(quotes, `(${id}`, last, 'BYSCORE', 'LIMIT', 0, count),
        ),
      ),
    );
    const full = parts.filter((ids) => ids.length === count);
    // What a shard holds behind its last id is not known, if it may hold more.
    const known = Math.min(...full.map((ids) => Number(ids.at(-1))));
    const ids = parts.flat().filter((id) => Number(id) <= known);
    return shards === 1 ? ids : ids.sort((a, b) => Number(a) - Number(b));
  }

  /** A shard drawn at random by how many quotes it holds. */
  private async drawShard(client: RedisClient): Promise<ShardKeys | undefined> {
    const counts = await Promise.all(this.shards.map((keys) => client.zcard(keys.quotes)));
    let draw = Math.random() * counts.reduce((sum, count) => sum + count, 0);
    return this.shards.find((_, shard) => {
      draw -= counts[shard] ?? 0;
      return draw < 0;
    });
  }

  private addToShard(
    shard: number,
    createdAt: Date,
    quotes: readonly (NewQuote & { digest: string })[],
  ): Promise<string[]> {
    const args: (string | number)[] = [
      this.shards.length,
      shard,
      createdAt.getTime() * 1000,
      createdAt.toISOString(),
    ];
    for (const quote of quotes) args.push(quote.user_id ?? '', encodeContent(quote), quote.digest);
    const { quote, quotes: ids, byUser, authors, clock, log, imported } = this.keysOf(shard);
    return this.redis.write('quote.add', (client) =>
      client.addQuotes(7, quote, ids, byUser, authors, clock, log, imported, ...args),
    );
  }

  private async restoreToShard(shard: number, quotes: readonly Quote[]): Promise<RestoreOutcome[]> {
    const { quote, quotes: ids, byUser, authors, clock, log, imported } = this.keysOf(shard);
    const documents = quotes.map(encodeQuote);
    const args = quotes.flatMap(({ id, user_id, quote }, i) => {
      return [id, user_id ?? '', documents[i] ?? '', digestOf(quote)];
    });
    const answers = await this.redis.write('quote.restore', (client) =>
      client.restoreQuotes(7, quote, ids, byUser, authors, clock, log, imported, ...args),
    );
    return answers.map((answer, i) => {
      if (answer === 'added' || answer === 'unknown') return answer;
      return completeQuote(answer) === completeQuote(documents[i] ?? '') ? 'known' : 'taken';
    });
  }

  /** Writes rows in batches, each to one shard; answers what came of them, in their order. */
  private async writeBatches<Row, Answer>(
    rows: readonly Row[],
    shardOf: (row: Row) => number,
    write: (shard: number, batch: Row[]) => Promise<Answer[]>,
  ): Promise<Answer[]> {
    const answers: Answer[] = new Array(rows.length);
    const byShard = Map.groupBy(rows.keys(), (index) => shardOf(rows[index] as Row));
    const batches: Promise<void>[] = [];
    for (const [shard, indexes] of byShard) {
      for (let from = 0; from < indexes.length; from += BATCH_SIZE) {
        const batch = indexes.slice(from, from + BATCH_SIZE);
        const writing = write(
          shard,
          batch.map((index) => rows[index] as Row),
        );
        batches.push(
          writing.then((given) =>
            given.forEach((answer, i) => {
              answers[batch[i] ?? 0] = answer;
            }),
          ),
        );
      }
    }
    await Promise.all(batches);
    return answers;
  }

  /** The shard that holds the imported quote of a digest. */
  private shardOfDigest(digest: string): number {
    return Number.parseInt(digest.slice(0, 8), 16) % this.shards.length;
  }

  private shardNumberOf(id: string): number {
    return Number(id) % this.shards.length;
  }

  private shardOf(id: string): ShardKeys {
    const keys = this.shards[this.shardNumberOf(id)];
    if (!keys) throw new RangeError(`"${id}" is not a quote id`);
    return keys;
  }

  private keysOf(shard: number): ShardKeys {
    const keys = this.shards[shard];
    if (!keys) throw new RangeError(`no shard ${shard}`);
    return keys;
  }
}

/** The quotes that the shards answered, from newest to oldest. */
function newestFirst(answers: (readonly [number, string, string[]])[]): QuoteRow[] {
  const rows = answers.flatMap(([, ids, documents]) => {
    const names = ids.split(',');
    return documents.map((document, i) => ({ id: names[i] ?? '', document }));
  });
  return answers.length === 1 ? rows : rows.sort((a, b) => Number(b.id) - Number(a.id));
}
