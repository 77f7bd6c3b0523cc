import { z } from 'zod';

// Controls corrupt terminals and logs, and mean nothing in prose, but for tab and line ends.
const CONTROLS = '\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f';

const BLANKS = '\\t\\n\\r \\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';

/**
 * Text with something to read in it. No two neighbouring parts match the same character, so that
 * matching takes linear time.
 */
const READABLE = new RegExp(`^[${BLANKS}]*[^${BLANKS}${CONTROLS}][^${CONTROLS}]*$`);

/**
 * A character that shows: a letter, digit, punctuation mark or symbol that is not drawn as nothing.
 * Unicode's ignorable characters are the zero-width, bidi, variation, tag and filler ones; the
 * others are the blank Braille cell, the placeholder of an object, the null notehead, and the
 * blanks of hieroglyphs. Combining marks alone show nothing either.
 */
const VISIBLE =
  /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{1d159}\u{13441}\u{13442}]]/v;

/**
 * Text for people: trimmed, 1 to `max` characters (Unicode code points, as JSON Schema counts),
 * well-formed, with something visible in it, without control characters.
 * @param normalise what else is done to the text before its length counts
 */
export function textSchema(max: number, normalise: (text: string) => string = (text) => text) {
  return readable(z.string('must be a string').trim().overwrite(normalise), max);
}

/** The beginning of such a text: also blanks at its ends count. */
export function prefixSchema(max: number) {
  return readable(z.string('must be a string'), max);
}

function readable(text: z.ZodString, max: number) {
  return text
    .regex(READABLE, {
      error: 'must hold readable characters and no control characters',
      abort: true,
    })
    .refine((text) => text.isWellFormed(), {
      error: 'must not hold half of a surrogate pair',
      abort: true,
    })
    .refine((text) => VISIBLE.test(text), 'must hold something visible')
    .refine((text) => codePoints(text) <= max, `must have at most ${max} characters`)
    .meta({ minLength: 1, maxLength: max });
}

/** A name for a resource that its creator chooses. */
export const idSchema = z
  .string('must be a string')
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must have 1 to 64 characters of A-Z a-z 0-9 _ . -');

/** Length of a text in Unicode code points. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
