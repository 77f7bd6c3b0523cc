import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ConcurrencyLimiter } from '#libs/http/concurrency.limiter.ts';
import { isMetWithoutTag, type Precondition, preconditionFailed } from '#libs/http/precondition.ts';
import type { ServedRequest } from '#libs/http/service.client.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import type { NewQuoteBody, QuoteChangesBody } from '#libs/quotes/quote.schema.ts';
import { type QuotePage, QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import type { Selection } from '#libs/quotes/selection.schema.ts';
import { localDay } from './local.day.ts';
import {
  isSelective,
  type QuoteListQuery,
  type RandomQuery,
  type SampleQuery,
  type TodayQuery,
} from './query.schema.ts';
import { quotesFeed } from './renderings/quotes.feed.ts';
import { SelectionClient } from './selection.client.ts';

/** Pages of up to this size count as small. */
const MAX_SMALL_PAGE_BYTES = 64 * 1024;
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

/** A quote is drawn so many times before the search service counts as too far behind. */
const MAX_DRAWS = 4;
/** The search service hears of a deletion within some milliseconds. */
const REDRAW_DELAY_MS = 20;

/** Reads a page, or nothing when its stored documents have more bytes. */
type PageReader = (maxBytes: number) => Promise<QuotePage | undefined>;

/** The quote of a day, as JSON. */
export interface QuoteOfToday {
  document: string;
  /** How long the day lasts from now on. */
  secondsLeft: number;
}

/** The rules about quotes. Their JSON is passed on as it is; only a feed is made of its parts. */
@Injectable()
export class QuotesService {
  private readonly smallPages = new ConcurrencyLimiter(MAX_SMALL_PAGES_READ, MAX_LISTS_WAITING);
  private readonly largePages = new ConcurrencyLimiter(MAX_LARGE_PAGES_READ, MAX_LISTS_WAITING);
  /** The bytes of pages since the garbage was last collected. */
  private garbageBytes = 0;

  constructor(
    private readonly quotes: QuotesRepository,
    private readonly selections: SelectionClient,
  ) {}

  /**
   * Adds a quote.
   * @param author the user who adds and signs it; undefined for the admin, who may name anyone
   * @param precondition on the list of quotes, whose tags are not compared
   * @throws ProblemError forbidden when a user signs for another; precondition-failed; unknown-user
   */
  async create(
    { user_id, ...content }: NewQuoteBody,
    author: string | undefined,
    precondition: Precondition,
  ) {
    const signer = user_id ?? author ?? null;
    forbidSigningForOthers(signer, author);
    if (!isMetWithoutTag(precondition)) throw preconditionFailed('The list of quotes');
    const added = await this.quotes.add({ ...content, user_id: signer });
    if (!added) throw new ProblemError('unknown-user', `There is no user "${signer}"`);
    return added;
  }

  /**
   * A page of quotes as JSON: newest first, where `cursor` is the id of the last quote of the page
   * before, or those of `ids` that are there, in that order.
   * @throws ProblemError busy; those of SelectionClient when only some quotes are wanted
   */
  async list(query: QuoteListQuery, request: Required<ServedRequest>): Promise<string | Buffer> {
    const read = await this.readerOf(query, request);
    const { documents, total, next } = await this.readInTurn(read, request.signal);
    return this.toSend(
      `{"items":[${documents.join(',')}],"total":${total},"next":${JSON.stringify(next)}}`,
    );
  }

  /**
   * Different quotes as JSON, drawn at random from those that match, each as likely as any other.
   * @throws ProblemError busy; those of SelectionClient
   */
  async sample(query: SampleQuery, request: Required<ServedRequest>): Promise<string | Buffer> {
    const selection = await this.selections.sample(query, request);
    const read = (maxBytes: number) => this.pageOf(selection, maxBytes);
    const { documents } = await this.readInTurn(read, request.signal);
    return this.toSend(`{"items":[${documents.join(',')}]}`);
  }

  /**
   * The newest quotes as an Atom feed.
   * @param signal aborted when the client has gone
   * @throws ProblemError busy
   */
  async feed(signal: AbortSignal): Promise<string | Buffer> {
    const read = (maxBytes: number) =>
      this.quotes.list(MAX_FEED_LENGTH, undefined, undefined, maxBytes);
    const { documents } = await this.readInTurn(read, signal);
    return this.toSend(quotesFeed(documents.map(decodeQuote)));
  }

  /** @throws ProblemError not-found */
  async find(id: string): Promise<string> {
    const document = await this.quotes.find(id);
    if (!document) throw notFound(id);
    return document;
  }

  /**
   * A quote drawn at random from those that match, each as likely as any other.
   * @throws ProblemError not-found; those of SelectionClient when only some quotes are wanted
   */
  async random(query: RandomQuery, request: Required<ServedRequest>): Promise<string> {
    if (isSelective(query))
      return this.draw(() => this.selections.sample({ ...query, n: 1 }, request));
    const document = await this.quotes.random();
    if (!document) throw new ProblemError('not-found', 'There is no quote yet');
    return document;
  }

  /**
   * The quote of the day: the same one all day, of those that match, unless one of these is changed
   * or deleted.
   * @throws ProblemError not-found; those of SelectionClient
   */
  async today(
    { tz, ...filters }: TodayQuery,
    request: Required<ServedRequest>,
  ): Promise<QuoteOfToday> {
    const { date, start, end } = localDay(tz, Date.now());
    // Ids are microseconds.
    const query = { ...filters, day: date, before: String(start * 1000) };
    const document = await this.draw(() => this.selections.today(query, request));
    return { document, secondsLeft: Math.max(0, Math.floor((end - Date.now()) / 1000)) };
  }

  /**
   * Changes the given fields of a quote, and answers with the whole quote as JSON.
   * @param author the user who changes it, who must have signed it, and may give up the signature,
   *   but not sign for another; undefined for the admin
   * @param precondition on the quote
   * @throws ProblemError not-found; forbidden; precondition-failed; unknown-user
   */
  async change(
    id: string,
    changes: QuoteChangesBody,
    author: string | undefined,
    precondition: Precondition,
  ): Promise<string> {
    forbidSigningForOthers(changes.user_id ?? null, author);
    const outcome = await this.quotes.change(id, changes, author, precondition);
    if (typeof outcome === 'object') return outcome.document;
    if (outcome === 'absent') throw notFound(id);
    if (outcome === 'forbidden') throw notSigned(id, author);
    if (outcome === 'unknown')
      throw new ProblemError('unknown-user', `There is no user "${changes.user_id}"`);
    throw preconditionFailed(`Quote "${id}"`);
  }

  /**
   * Deletes a quote.
   * @param author the user who deletes it, who must have signed it; undefined for the admin
   * @param precondition on the quote
   * @throws ProblemError not-found; forbidden; precondition-failed
   */
  async delete(id: string, author: string | undefined, precondition: Precondition): Promise<void> {
    const outcome = await this.quotes.delete(id, author, precondition);
    if (outcome === 'absent') throw notFound(id);
    if (outcome === 'forbidden') throw notSigned(id, author);
    if (outcome === 'stale') throw preconditionFailed(`Quote "${id}"`);
  }

  /** How the page of a query is read; what it selects is known by then. */
  private async readerOf(
    { ids, limit, cursor, ...filters }: QuoteListQuery,
    request: Required<ServedRequest>,
  ): Promise<PageReader> {
    if (!ids && !isSelective(filters))
      return (maxBytes) => this.quotes.list(limit, cursor, filters.user_id, maxBytes);
    const selection = ids
      ? { ids, total: ids.length, next: null }
      : await this.selections.page({ limit, cursor, ...filters }, request);
    return (maxBytes) => this.pageOf(selection, maxBytes);
  }

  /** The quotes of a selection that are still there. */
  private async pageOf(
    { ids, total, next }: Selection,
    maxBytes: number,
  ): Promise<QuotePage | undefined> {
    const found = await this.quotes.findMany(ids, maxBytes);
    if (!found) return undefined;
    const documents = found.filter((document) => document !== null);
    return { documents, total: total - (ids.length - documents.length), next };
  }

  /** Reads a page when its turn comes: most pages are small, and must not wait for large ones. */
  private async readInTurn(read: PageReader, signal: AbortSignal): Promise<QuotePage> {
    const within = (maxBytes: number) => () => {
      this.collectGarbage();
      return read(maxBytes);
    };
    const page =
      (await this.smallPages.run(within(MAX_SMALL_PAGE_BYTES), signal)) ??
      (await this.largePages.run(within(Number.MAX_SAFE_INTEGER), signal));
    if (!page) throw new Error('A page without a limit of bytes was refused');
    return page;
  }

  /** A page in the form in which it is sent. */
  private toSend(page: string): string | Buffer {
    if (page.length <= MAX_TEXT_LENGTH) return page;
    const bytes = Buffer.from(page);
    this.garbageBytes += bytes.length;
    return bytes;
  }

  /**
   * Reads the quote of a selection, which is asked again when the quote was deleted meanwhile. A
   * search service that goes on naming what was deleted is too far behind to say what matches.
   * @throws ProblemError not-found; search-unavailable
   */
  private async draw(select: () => Promise<Selection>): Promise<string> {
    for (let draws = 1; ; draws++) {
      const [id] = (await select()).ids;
      const document = id === undefined ? null : await this.quotes.find(id);
      if (document) return document;
      if (id === undefined) throw new ProblemError('not-found', 'There is no quote that matches');
      if (draws === MAX_DRAWS)
        throw new ProblemError('search-unavailable', 'The search service names deleted quotes');
      await delay(REDRAW_DELAY_MS);
    }
  }

  /** Node has gc() only with --expose-gc, as in the image; elsewhere memory has no such bound. */
  private collectGarbage(): void {
    if (this.garbageBytes < COLLECTING_INTERVAL_BYTES) return;
    this.garbageBytes = 0;
    globalThis.gc?.();
  }
}

/** @throws ProblemError forbidden when a user signs with the name of another */
function forbidSigningForOthers(signer: string | null, author: string | undefined): void {
  if (author === undefined || signer === null || signer === author) return;
  throw new ProblemError(
    'forbidden',
    `The credentials are those of "${author}", not of "${signer}"`,
  );
}

function notFound(id: string): ProblemError {
  return new ProblemError('not-found', `There is no quote "${id}"`);
}

function notSigned(id: string, author: string | undefined): ProblemError {
  return new ProblemError('forbidden', `Quote "${id}" is not signed by "${author}"`);
}
