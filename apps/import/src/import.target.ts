import { z } from 'zod';
import { newQuoteSchema } from '#libs/quotes/quote.schema.ts';
import type { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { hashPassword } from '#libs/users/password.ts';
import { newUserSchema, shortPasswordProblem } from '#libs/users/user.schema.ts';
import type { UsersRepository } from '#libs/users/users.repository.ts';
import type { Format } from './row.reader.ts';

/** The outcome of a valid row: added, there already, or refused for a reason. */
export type Outcome = 'added' | 'known' | { reason: string };

/** What is imported: rows that the API would accept as bodies, and where they go. */
export interface ImportTarget<T> {
  readonly schema: z.ZodType<T>;
  readonly formats: readonly Format[];
  readonly columns: { readonly required: readonly string[]; readonly optional: readonly string[] };
  /** How many rows are written at once. */
  readonly batch: number;
  /**
   * Writes rows; may be repeated without harm.
   * @returns an outcome per row, in order
   * @throws RedisUnavailableError
   */
  write(rows: readonly T[]): Promise<Outcome[]>;
}

/** A row of a quote: a body of `POST /quotes`, whose tags may also be one text, as in CSV. */
const quoteRowSchema = newQuoteSchema.extend({
  tags: z.preprocess(
    (tags) => (typeof tags === 'string' ? splitTags(tags) : tags),
    newQuoteSchema.shape.tags,
  ),
});

/** Quotes, recognised by their text. */
export function quotesTarget(
  quotes: QuotesRepository,
): ImportTarget<z.output<typeof quoteRowSchema>> {
  return {
    schema: quoteRowSchema,
    formats: ['csv', 'json-lines', 'fortune'],
    columns: {
      required: ['quote'],
      optional: ['author', 'source', 'lang', 'tags', 'user_id'],
    },
    // The repository writes as many rows with one script call.
    batch: 128,
    async write(rows) {
      const outcomes = await quotes.import(
        rows.map(({ user_id, ...content }) => ({ ...content, user_id: user_id ?? null })),
      );
      return outcomes.map((outcome, index) => {
        if (outcome === 'unknown')
          return { reason: `user_id "${rows[index]?.user_id}" is not a known user` };
        return outcome === 'known' ? 'known' : 'added';
      });
    },
  };
}

/** Tags with commas, semicolons or vertical bars between them. */
function splitTags(text: string): string[] {
  return text.split(/[,;|]/).filter((tag) => tag.trim() !== '');
}

/**
 * Users, recognised by their id.
 * @param minPasswordLength PASSWORD_MIN_LENGTH
 */
export function usersTarget(
  users: UsersRepository,
  minPasswordLength: number,
): ImportTarget<z.output<typeof newUserSchema>> {
  return {
    schema: newUserSchema,
    formats: ['csv', 'json-lines'],
    columns: { required: ['id', 'name', 'password'], optional: [] },
    // Hashing a password takes as long as writing a thousand quotes, so that batches save nothing.
    batch: 1,
    write: (rows) =>
      Promise.all(
        rows.map(async ({ id, name, password }) => {
          const short = shortPasswordProblem(password, minPasswordLength);
          if (short) return { reason: `password ${short}` };
          const added = await users.create({ id, name }, await hashPassword(password));
          return added ? 'added' : 'known';
        }),
      ),
  };
}
