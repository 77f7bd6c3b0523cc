import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { invalidRequest } from '#libs/problem/problem.ts';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import type { SearchAnswer, SearchQuery } from '#libs/quotes/search.schema.ts';
import { highlight, MAX_FRAGMENT_CHARACTERS, type Sought } from './engine/highlighter.ts';
import { correctedKeyword } from './engine/keyword.correction.ts';
import { parseQuery, queryExcess } from './engine/query.parser.ts';
import type { Hit } from './engine/top.hits.ts';
import { type Asker, SearchReplica } from './search.replica.ts';
import { filtersOf } from './selection.filters.ts';

/**
 * A search is repeated, with a longer page, when quotes of its page were deleted meanwhile. After
 * this many tries the page has fewer quotes.
 */
const MAX_TRIES = 5;
/** The highlighting of a page reads at most about this many characters of its quotes. */
const MAX_HIGHLIGHTED_CHARACTERS = 20_000;
/** A corrected word is spelt as one of so many texts spells it. */
const MAX_SPELLING_TEXTS = 10;
/** After this many characters other requests get their turn. */
const CHARACTERS_PER_TURN = 2000;

/** Answers searches: the replica ranks, Redis holds the texts. */
@Injectable()
export class SearchService {
  constructor(
    private readonly replica: SearchReplica,
    private readonly quotes: QuotesRepository,
  ) {}

  /**
   * The quotes that match, best first. One that was deleted a moment ago is left out, even if the
   * replica has not heard of it yet.
   * @throws ProblemError invalid-request: it asks for too much at once; not-ready: the index is
   *   being loaded, or stands still; busy; RedisUnavailableError
   */
  async search(
    { keyword, facets: kinds, limit, offset, ...filters }: SearchQuery,
    asker: Asker,
  ): Promise<SearchAnswer> {
    const query = parseQuery(keyword);
    const message = queryExcess(query);
    if (message !== undefined) throw invalidRequest([{ field: 'keyword', message }]);
    // The index is left alone: it hears of a deletion from the log, in the right order with others.
    const gone = new Set<number>();
    for (let tries = 1; ; tries++) {
      const request = {
        query,
        filters: filtersOf(filters),
        facets: kinds,
        limit: limit + gone.size,
        offset,
      };
      const result = await this.replica.ask('search', request, asker);
      const { total, hits, facets } = result;
      const page = hits.filter(({ id }) => !gone.has(id)).slice(0, limit);
      const documents = await this.quotes.findMany(page.map(({ id }) => String(id)));
      for (const [i, { id }] of page.entries()) if (!documents[i]) gone.add(id);
      if (documents.every((document) => document) || tries === MAX_TRIES) {
        const left = total - hits.filter(({ id }) => gone.has(id)).length;
        const items = await itemsOf(page, documents, { ...result, query });
        const texts = items.slice(0, MAX_SPELLING_TEXTS).map(({ quote }) => quote);
        return {
          items,
          total: left,
          corrected: correctedKeyword(keyword, result.corrections, texts),
          relaxed: result.relaxed,
          ...(facets && { facets }),
        };
      }
    }
  }
}

/**
 * The answer's items: the hits whose quotes still exist.
 */
async function itemsOf(
  hits: readonly Hit[],
  documents: readonly (string | null)[],
  sought: Sought,
): Promise<SearchAnswer['items']> {
  const items: SearchAnswer['items'] = [];
  let left = MAX_HIGHLIGHTED_CHARACTERS;
  let sinceTurn = 0;
  for (const [i, { score }] of hits.entries()) {
    const document = documents[i];
    if (!document) continue;
    const quote = decodeQuote(document);
    const { length } = quote.quote;
    const share = Math.floor(left / (hits.length - i));
    const maxRead = Math.min(length, Math.max(MAX_FRAGMENT_CHARACTERS, share));
    items.push({ ...quote, score, highlight: highlight(sought, quote.quote, maxRead) });
    left -= maxRead;
    sinceTurn += maxRead;
    if (sinceTurn < CHARACTERS_PER_TURN) continue;
    sinceTurn = 0;
    await nextTurn();
  }
  return items;
}
