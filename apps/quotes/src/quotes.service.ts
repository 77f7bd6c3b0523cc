import { Injectable } from '@nestjs/common';
import { ConcurrencyLimiter } from '#libs/http/concurrency.limiter.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import type { NewQuoteBody, QuoteListQuery } from '#libs/quotes/quote.schema.ts';
import { type QuotePage, QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { quotesFeed } from './renderings/quotes.feed.ts';

/** Pages of up to this size count as small. */
const MAX_SMALL_PAGE_BYTES = 64 * 1024;
/** A document has 11 KB at most. */
const MAX_IDS_OF_SMALL_PAGE = 6;
/** They share one round trip to Redis, and take about as much memory as two large pages. */
const MAX_SMALL_PAGES_READ = 32;
/** The largest page is 1.1 MB, and takes thrice that while it is assembled. */
const MAX_LARGE_PAGES_READ = 2;
/** Nearly all connections may wait for a list; some hundred are left to other requests. */
const MAX_LISTS_WAITING = 1200;

/** How many quotes a feed has. */
const MAX_FEED_LENGTH = 20;

/** Longer pages are sent as bytes: what waits for its reader is counted in characters of a text. */
const MAX_TEXT_LENGTH = 16 * 1024;
/**
 * After so many bytes of such pages the garbage is collected. Buffers lie outside the heap, where
 * V8 lets some 30 MiB of them gather: each page leaves its own and those that came from Redis.
 */
const COLLECTING_INTERVAL_BYTES = 4 * 1024 * 1024;

/** The rules about quotes. Representations are passed on, never parsed. */
@Injectable()
export class QuotesService {
  private readonly smallPages = new ConcurrencyLimiter(MAX_SMALL_PAGES_READ, MAX_LISTS_WAITING);
  private readonly largePages = new ConcurrencyLimiter(MAX_LARGE_PAGES_READ, MAX_LISTS_WAITING);
  /** The bytes of pages since the garbage was last collected. */
  private garbageBytes = 0;

  constructor(private readonly quotes: QuotesRepository) {}

  /**
   * Adds a quote.
   * @param author the user who adds and signs it; undefined for the admin, who may name anyone
   * @throws ProblemError forbidden when a user signs for another; unknown-user
   */
  async create({ user_id, ...content }: NewQuoteBody, author: string | undefined) {
    const signer = user_id ?? author ?? null;
    if (author !== undefined && signer !== author) {
      throw new ProblemError(
        'forbidden',
        `The credentials are those of "${author}", not of "${signer}"`,
      );
    }
    const added = await this.quotes.add({ ...content, user_id: signer });
    if (!added) throw new ProblemError('unknown-user', `There is no user "${signer}"`);
    return added;
  }

  /**
   * A page of quotes as JSON: newest first, where `cursor` is the id of the last quote of the page
   * before, or those of `ids` that are there, in that order.
   * @param signal aborted when the client has gone
   * @throws ProblemError busy
   */
  async list(query: QuoteListQuery, signal: AbortSignal): Promise<string | Buffer> {
    const { documents, total, next } =
      (await this.readSmall(query, signal)) ?? (await this.readLarge(query, signal));
    const page = `{"items":[${documents.join(',')}],"total":${total},"next":${JSON.stringify(next)}}`;
    return this.toSend(page);
  }

  /**
   * The newest quotes as an Atom feed.
   * @param signal aborted when the client has gone
   * @throws ProblemError busy
   */
  async feed(signal: AbortSignal): Promise<string | Buffer> {
    const query = { limit: MAX_FEED_LENGTH };
    const page = (await this.readSmall(query, signal)) ?? (await this.readLarge(query, signal));
    return this.toSend(quotesFeed(page.documents.map(decodeQuote)));
  }

  /** @throws ProblemError not-found */
  async find(id: string): Promise<Buffer> {
    const document = await this.quotes.find(id);
    if (!document) throw new ProblemError('not-found', `There is no quote "${id}"`);
    return document;
  }

  /** @throws ProblemError not-found when there is no quote at all */
  async random(): Promise<Buffer> {
    const document = await this.quotes.random();
    if (!document) throw new ProblemError('not-found', 'There is no quote yet');
    return document;
  }

  /**
   * Deletes a quote.
   * @param author the user who deletes it, who must have signed it; undefined for the admin
   * @throws ProblemError not-found; forbidden
   */
  async delete(id: string, author: string | undefined): Promise<void> {
    const outcome = await this.quotes.delete(id, author);
    if (outcome === 'absent') throw new ProblemError('not-found', `There is no quote "${id}"`);
    if (outcome === 'forbidden')
      throw new ProblemError('forbidden', `Quote "${id}" is not signed by "${author}"`);
  }

  /** The page, or nothing when it is large: most are small, and must not wait for large ones. */
  private async readSmall(
    { ids, limit, cursor, user_id }: QuoteListQuery,
    signal: AbortSignal,
  ): Promise<QuotePage | undefined> {
    if (ids && ids.length > MAX_IDS_OF_SMALL_PAGE) return undefined;
    return this.smallPages.run(() => {
      this.collectGarbage();
      return ids
        ? this.ofIds(ids)
        : this.quotes.listWithin(MAX_SMALL_PAGE_BYTES, limit, cursor, user_id);
    }, signal);
  }

  private readLarge(
    { ids, limit, cursor, user_id }: QuoteListQuery,
    signal: AbortSignal,
  ): Promise<QuotePage> {
    return this.largePages.run(() => {
      this.collectGarbage();
      return ids ? this.ofIds(ids) : this.quotes.list(limit, cursor, user_id);
    }, signal);
  }

  private async ofIds(ids: readonly string[]): Promise<QuotePage> {
    const documents = (await this.quotes.findMany(ids)).filter((document) => document !== null);
    return { documents, total: documents.length, next: null };
  }

  private toSend(page: string): string | Buffer {
    if (page.length <= MAX_TEXT_LENGTH) return page;
    const bytes = Buffer.from(page);
    this.garbageBytes += bytes.length;
    return bytes;
  }

  /** Node has gc() only with --expose-gc, as in the image; elsewhere memory has no such bound. */
  private collectGarbage(): void {
    if (this.garbageBytes < COLLECTING_INTERVAL_BYTES) return;
    this.garbageBytes = 0;
    globalThis.gc?.();
  }
}
