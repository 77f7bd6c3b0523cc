import { z } from 'zod';
import { changesSchema } from '#libs/schema/changes.schema.ts';
import { limitSchema, pageSchema } from '#libs/schema/page.schema.ts';
import { codePoints, idSchema, textSchema } from '#libs/schema/text.schema.ts';

/** Path parameter of a user. */
export const userIdSchema = idSchema.describe('id of the user').meta({ example: 'tintin' });

const name = textSchema(100).meta({ example: 'Tintin' });

const password = z
  .string('must be a string')
  .refine((text) => text.length > 0 && passwordLength(text) <= 128, 'must have 1 to 128 characters')
  .refine((text) => text.isWellFormed(), 'must not hold half of a surrogate pair')
  .describe('at least as long as PASSWORD_MIN_LENGTH says; compared in normal form C')
  .meta({
    minLength: 8,
    maxLength: 128,
    format: 'password',
    example: 'a long phrase of your own',
  });

/** Body of `POST /users`. */
export const newUserSchema = z
  .strictObject({ id: idSchema.meta({ example: 'tintin' }), name, password })
  .meta({ id: 'UserInput' });

/** Body of `PATCH /users/{id}`: a field that is left out stays. */
export const userChangesSchema = changesSchema(
  { name: name.optional(), password: password.optional() },
  'UserChanges',
);

/** Length of a password as it is compared: in characters of normal form C. */
export function passwordLength(password: string): number {
  return codePoints(password.normalize('NFC'));
}

/** Why a new password is too short for PASSWORD_MIN_LENGTH, or undefined. */
export function shortPasswordProblem(password: string, minLength: number): string | undefined {
  return passwordLength(password) < minLength
    ? `must have at least ${minLength} characters`
    : undefined;
}

/** A user as the users service shows it: without password and hash. */
export const userSchema = z
  .object({
    id: idSchema.meta({ example: 'tintin' }),
    name: z.string().meta({ minLength: 1, maxLength: 100, example: 'Tintin' }),
  })
  .meta({ id: 'User' });

/** Query of `GET /users`. */
export const userListQuerySchema = z.strictObject({
  limit: limitSchema,
  cursor: idSchema.optional().describe('`next` of the page before'),
});

/** A page of users. */
export const userListSchema = pageSchema(userSchema, 'UserList', 'users');

export type NewUserBody = z.output<typeof newUserSchema>;
export type UserChangesBody = z.output<typeof userChangesSchema>;
export type UserListQuery = z.output<typeof userListQuerySchema>;
