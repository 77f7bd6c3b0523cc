import { Injectable } from '@nestjs/common';
import { QuotesRepository } from '#libs/redis/quotes.repository.ts';
import { ProblemError } from '#libs/service/problem.ts';
import { highlight } from './engine/highlighter.ts';
import { SearchReplica } from './search.replica.ts';
import type { SearchAnswer, SearchQuery } from './search.schema.ts';

/** Answers searches: the replica ranks, Redis holds the texts. */
@Injectable()
export class SearchService {
  constructor(
    private readonly replica: SearchReplica,
    private readonly quotes: QuotesRepository,
  ) {}

  /**
   * The quotes that match, best first. One that was deleted a moment ago is left out, even if the replica has not heard of it yet.
   * @throws ProblemError not-ready before the index is loaded; RedisUnavailableError
   */
  async search({ keyword, user_id, limit, offset }: SearchQuery): Promise<SearchAnswer> {
    if (!this.replica.ready) throw new ProblemError('not-ready', 'The index is still being loaded');
    for (;;) {
      const { total, hits } = await this.replica.search({ keyword, userId: user_id, limit, offset });
      const documents = await this.quotes.findMany(hits.map(({ id }) => String(id)));
      const gone = hits.filter((_, i) => !documents[i]);
      if (gone.length === 0) {
        const items = hits.map(({ score }, i) => {
          const { id, quote, user_id } = JSON.parse(documents[i] ?? '');
          return { id, quote, user_id, score, highlight: highlight(keyword, quote) };
        });
        return { items, total };
      }
      for (const { id } of gone) this.replica.delete(id);
    }
  }
}
