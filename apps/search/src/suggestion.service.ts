import { Injectable } from '@nestjs/common';
import { invalidRequest } from '#libs/problem/problem.ts';
import { decodeQuote } from '#libs/quotes/quote.document.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import type { SuggestionList, SuggestionQuery } from '#libs/quotes/suggestion.schema.ts';
import { fold } from './engine/fold.ts';
import { parseQuery, queryExcess } from './engine/query.parser.ts';
import { spellingOf } from './engine/spelling.ts';
import type { Completion } from './engine/word.completion.ts';
import { type Asker, SearchReplica } from './search.replica.ts';

/** So much of a text is read for how it spells a word, which bounds the work for an answer. */
const MAX_READ_CHARACTERS = 400;

/** Suggests what to search for: the index knows words in their folded form, and Redis the texts. */
@Injectable()
export class SuggestionService {
  constructor(
    private readonly replica: SearchReplica,
    private readonly quotes: QuotesRepository,
  ) {}

  /**
   * Authors and completions of the last word. Where there are many of both, each gets half of the
   * places, so that the authors of a short beginning leave room for words.
   * @throws ProblemError invalid-request: it asks for too much at once; not-ready: the index is
   *   being loaded, or stands still; busy; RedisUnavailableError
   */
  async suggest({ prefix, limit }: SuggestionQuery, asker: Asker): Promise<SuggestionList> {
    const message = queryExcess(parseQuery(prefix));
    if (message !== undefined) throw invalidRequest([{ field: 'prefix', message }]);
    const request = { prefix, limit };
    const { authors, start, completions } = await this.replica.ask('suggest', request, asker);
    const places = Math.max(Math.ceil(limit / 2), limit - completions.length);
    const names = authors.slice(0, places).map(({ name, quotes }) => ({ text: name, quotes }));
    const known = new Set(names.map(({ text }) => fold(text)));
    const head = prefix.slice(0, start);
    const words = await this.#spell(completions.slice(0, limit - names.length), head);
    return { items: [...names, ...words.filter(({ text }) => !known.has(fold(text)))] };
  }

  /** The completions behind what stands in front of them, spelt as their examples spell them. */
  async #spell(completions: readonly Completion[], head: string): Promise<SuggestionList['items']> {
    const ids = [...new Set(completions.flatMap(({ examples }) => examples.map(String)))];
    const documents = await this.quotes.findMany(ids);
    const texts = new Map(ids.map((id, i) => [id, textsOf(documents[i] ?? null)]));
    return completions.map(({ term, quotes, examples }) => {
      const read = examples.flatMap((id) => texts.get(String(id)) ?? []);
      return { text: head + spellingOf(term, read), quotes };
    });
  }
}

/** All that is searched in a quote; nothing when it is gone. */
function textsOf(document: string | null): string[] {
  if (document === null) return [];
  const { quote, author, source, tags } = decodeQuote(document);
  const others = [author, source].filter((text) => text !== null);
  return [quote.slice(0, MAX_READ_CHARACTERS), ...others, ...tags];
}
