import { Injectable } from '@nestjs/common';
import type { NewQuoteBody, QuoteListQuery } from '#libs/model/quote.schema.ts';
import { QuotesRepository } from '#libs/redis/quotes.repository.ts';
import { ProblemError } from '#libs/service/problem.ts';

/** The rules about quotes. Representations are passed on as the bytes that Redis holds. */
@Injectable()
export class QuotesService {
  constructor(private readonly quotes: QuotesRepository) {}

  /**
   * Adds a quote.
   * @param author the user who adds it, and who then signs it; undefined for the admin, who may name anyone
   * @throws ProblemError forbidden when a user signs for another; unknown-user
   */
  async create({ quote, user_id }: NewQuoteBody, author: string | undefined) {
    const signer = user_id ?? author ?? null;
    if (author !== undefined && signer !== author) {
      throw new ProblemError('forbidden', `The credentials are those of "${author}", not of "${signer}"`);
    }
    const added = await this.quotes.add({ quote, user_id: signer });
    if (!added) throw new ProblemError('unknown-user', `There is no user "${signer}"`);
    return added;
  }

  /** A page of quotes as JSON, newest first; `cursor` is the id of the last quote of the page before. */
  async list({ limit, cursor, user_id }: QuoteListQuery): Promise<string> {
    const { documents, total, next } = await this.quotes.list(limit, cursor, user_id);
    return `{"items":[${documents.join(',')}],"total":${total},"next":${JSON.stringify(next)}}`;
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
    if (outcome === 'forbidden') throw new ProblemError('forbidden', `Quote "${id}" is not signed by "${author}"`);
  }
}
