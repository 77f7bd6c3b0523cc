import { z } from 'zod';
import type { Quote } from '#libs/quotes/quote.document.ts';
import { newQuoteSchema, quoteIdSchema } from '#libs/quotes/quote.schema.ts';
import type { QuotesRepository, RestoreOutcome } from '#libs/quotes/quotes.repository.ts';
import { hashPassword } from '#libs/users/password.ts';
import { newUserSchema, shortPasswordProblem } from '#libs/users/user.schema.ts';
import type { UsersRepository } from '#libs/users/users.repository.ts';
import type { Column } from './column.mapper.ts';
import { KEPT_QUOTE_COLUMNS, QUOTE_COLUMNS, trimTags, USER_COLUMNS } from './quote.columns.ts';

/** The outcome of a valid row: added, there already, or refused for a reason. */
export type Outcome = 'added' | 'known' | { reason: string };

/** What is imported: rows that the API would accept as bodies. */
export interface ImportKind<T> {
  readonly schema: z.ZodType<T>;
  readonly columns: readonly Column[];
  /** Whether rows hold secrets, which nothing may show. */
  readonly isSecret: boolean;
  /** Leaves out of a row what the API would refuse, where the rest is worth more. */
  readonly trim?: (row: unknown) => { row: unknown; isCut: boolean };
}

/** Where rows go. */
export interface ImportTarget<T> extends ImportKind<T> {
  /** How many rows are written at once. */
  readonly batch: number;
  /**
   * Writes rows; may be repeated without harm.
   * @returns an outcome per row, in order
   * @throws RedisUnavailableError
   */
  write(rows: readonly T[]): Promise<Outcome[]>;
}

/** Quotes, recognised by their text. */
export const quoteRows: ImportKind<z.output<typeof newQuoteSchema>> = {
  schema: newQuoteSchema,
  columns: QUOTE_COLUMNS,
  isSecret: false,
  trim: trimTags,
};

const timeSchema = z.iso
  .datetime('must be a time in UTC, such as 2026-11-21T16:00:00.000Z')
  .transform((time) => new Date(time).toISOString());

/** Quotes with the ids and times that they have, as an export writes them. */
export const keptQuoteRows: ImportKind<Quote> = {
  schema: newQuoteSchema
    .extend({ id: quoteIdSchema, created_at: timeSchema, updated_at: timeSchema.nullish() })
    .transform(({ user_id, updated_at, ...row }) => ({
      ...row,
      user_id: user_id ?? null,
      updated_at: updated_at ?? row.created_at,
    })),
  columns: KEPT_QUOTE_COLUMNS,
  isSecret: false,
};

/** Users, recognised by their id. */
export const userRows: ImportKind<z.output<typeof newUserSchema>> = {
  schema: newUserSchema,
  columns: USER_COLUMNS,
  isSecret: true,
};

/** Quotes into their repository. */
export function quotesTarget(
  quotes: QuotesRepository,
): ImportTarget<z.output<typeof newQuoteSchema>> {
  return {
    ...quoteRows,
    // The repository writes as many rows with one script call.
    batch: 128,
    async write(rows) {
      const outcomes = await quotes.import(
        rows.map(({ user_id, ...content }) => ({ ...content, user_id: user_id ?? null })),
      );
      return outcomes.map((outcome, index) => {
        if (outcome === 'unknown') return unknownUser(rows[index]?.user_id);
        return outcome === 'known' ? 'known' : 'added';
      });
    },
  };
}

/** Quotes into their repository, with their ids and times. */
export function keptQuotesTarget(quotes: QuotesRepository): ImportTarget<Quote> {
  return {
    ...keptQuoteRows,
    batch: 128,
    async write(rows) {
      const outcomes = await quotes.restore(rows);
      return rows.map((row, index) => restored(row, outcomes[index]));
    },
  };
}

function restored({ id, user_id }: Quote, outcome: RestoreOutcome | undefined): Outcome {
  if (outcome === 'added' || outcome === 'known') return outcome;
  if (outcome === 'taken') return { reason: `id ${id} is there already, with other content` };
  if (outcome === 'ahead')
    return { reason: `id ${id} is of a time to come, and new quotes would have to follow it` };
  return unknownUser(user_id);
}

const unknownUser = (id: string | null | undefined) => ({
  reason: `user_id "${id}" is not a known user`,
});

/**
 * Users into their repository.
 * @param minPasswordLength PASSWORD_MIN_LENGTH
 */
export function usersTarget(
  users: UsersRepository,
  minPasswordLength: number,
): ImportTarget<z.output<typeof newUserSchema>> {
  return {
    ...userRows,
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
