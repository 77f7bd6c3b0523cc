import { Injectable } from '@nestjs/common';
import type {
  Selection,
  SelectionPageQuery,
  SelectionSampleQuery,
  SelectionTodayQuery,
} from '#libs/quotes/selection.schema.ts';
import type { Choice, SelectionFilters } from './engine/quote.selection.ts';
import { type Asker, SearchReplica } from './search.replica.ts';
import { filtersOf } from './selection.filters.ts';

/**
 * Selects quotes in the index. A quote that was added a moment ago may be missing, and one that was
 * deleted a moment ago may be among them.
 *
 * All calls throw ProblemError: not-ready or busy, see SearchReplica.ask().
 */
@Injectable()
export class SelectionService {
  constructor(private readonly replica: SearchReplica) {}

  /** A page of the quotes that match, newest first. */
  page({ limit, cursor, ...filters }: SelectionPageQuery, asker: Asker): Promise<Selection> {
    const before = cursor === undefined ? undefined : Number(cursor);
    return this.#select(filtersOf(filters), { kind: 'page', limit, before }, asker);
  }

  /** Different quotes that match, drawn at random, or all of them if there are fewer. */
  sample(
    { n, min_length, max_length, ...filters }: SelectionSampleQuery,
    asker: Asker,
  ): Promise<Selection> {
    const lengths = { minLength: min_length, maxLength: max_length };
    const choice = { kind: 'sample', count: n } as const;
    return this.#select({ ...filtersOf(filters), ...lengths }, choice, asker);
  }

  /** The quote of a day. */
  today({ tag, lang, day, before }: SelectionTodayQuery, asker: Asker): Promise<Selection> {
    return this.#select({ tag, lang }, { kind: 'day', day, before: Number(before) }, asker);
  }

  async #select(filters: SelectionFilters, choice: Choice, asker: Asker): Promise<Selection> {
    const { ids, total, next } = await this.replica.ask('select', { filters, choice }, asker);
    return { ids: ids.map(String), total, next: next === null ? null : String(next) };
  }
}
