import { APOSTROPHES } from './fold.ts';

export const APOSTROPHE = `[${APOSTROPHES}]`;

/** Articles, prepositions and pronouns of French, Italian, Catalan and Occitan. */
const ELIDED = [
  '[cçdjlmnst]|(?:jus|lors|puis|quoi)?qu',
  'un|(?:[ae]|da|de|ne|su|que)?gl|(?:[ad]|co|da|de|ne|pe|su)ll',
].join('|');

/** Words of Italian and French that are elided too, but say something, or stand for themselves. */
const APOCOPATED = [
  'alcun|altr|anch|bell|buon|ciascun|com|contr|cos|dov|fors|grand|mezz|neanch|nessun|nient|pover',
  'presqu|qualcun|quant|quell|quest|sant|senz|sott|tutt|ultim',
  'cent|cinquant|novant|ottant|quarant|sessant|settant|trent|vent',
].join('|');

/** English short forms: `all's well` elides nothing. */
const SHORT_FORM = '(?:s|d|m|t|ll|re|ve)(?![\\p{L}\\p{N}])';

/**
 * The source of a regular expression for an apostrophe that parts two words, as in `sant'Antonio`:
 * what stands in front of it is elided, yet a word.
 */
export const PARTING_APOSTROPHE = `(?<=(?<!\\p{L}\\p{M}*)(?i:${APOCOPATED}))${APOSTROPHE}(?!${SHORT_FORM})`;

const ELISION = new RegExp(`^(?:(?:${ELIDED})${APOSTROPHE})+(?!${SHORT_FORM})(?=.)`, 'iv');

/** Those that people write without their apostrophe as well: `thats life` is `that's life`. */
const CONTRACTED = '^(?:it|s?he|that|what|who|let|t?here|where|how|when|why)';
const ENCLITIC = new RegExp(
  [
    // The English genitive; the Dutch plural.
    `(?<=\\p{L}\\p{M}*)(?<!${CONTRACTED})${APOSTROPHE}s$`,
    // Catalan pronouns behind a verb.
    `(?<=\\p{L}{2}[aeiouàèéíòóú])${APOSTROPHE}(?:ls?|m|ns?|t)$`,
    // Turkish cases behind a name.
    `(?<=\\p{L}{2}[aeioöuüâı])${APOSTROPHE}(?:n[ıiuü]n|n[ae]|y[aeıiuü]|yl[ae])$`,
    `(?<=\\p{L}{2}[[\\p{L}]--[aeioöuüâı]])${APOSTROPHE}[ıiuü]n$`,
    `(?<=\\p{L}{3})${APOSTROPHE}[dt](?:[ae]|[ae]n|[ae]ki)$`,
  ].join('|'),
  'iv',
);

/** A quick look for what ENCLITIC might match, which few words have. */
const HAS_ENDING = new RegExp(`${APOSTROPHE}.{1,4}$`, 'v');

/** How long the elided articles and pronouns are that a word begins with, apostrophes included. */
export function elidedLength(word: string): number {
  return ELISION.exec(word)?.[0].length ?? 0;
}

/**
 * Where a word ends that may have an ending behind an apostrophe which is no part of it: `God's`,
 * `foto's`, `dona'm`, `Ankara'dan`.
 */
export function lengthWithoutEnclitic(word: string): number {
  const at = HAS_ENDING.test(word) ? word.search(ENCLITIC) : -1;
  return at < 0 ? word.length : at;
}
