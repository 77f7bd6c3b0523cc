import {
  APOSTROPHE,
  elidedLength,
  lengthWithoutEnclitic,
  PARTING_APOSTROPHE,
} from './apostrophe.rules.ts';
import { FOLDED, fold, INVISIBLE } from './fold.ts';
import { numberTerm, WRITTEN_NUMBER } from './written.number.ts';

/**
 * A word of a text: its folded form, and where it stands in the text, in UTF-16 units (`end` is
 * exclusive).
 */
export interface Token {
  term: string;
  start: number;
  end: number;
}

/** Longer words are cut, in texts and queries alike, so that no single word can bloat the index. */
const MAX_TERM_LENGTH = 64;

// Scripts that are written without spaces. Each of their characters is a token, since splitting
// them into words takes a dictionary.
const UNSPACED_SCRIPTS =
  '\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}';
/** The voicing marks of half-width kana, which Unicode takes for letters. */
const VOICING = '\uff9e\uff9f';
const UNSPACED_LETTER = `[[[\\p{L}\\p{Nl}\\p{sc=Han}]&&[${UNSPACED_SCRIPTS}]]--[${VOICING}]]`;
/** A character of these, with its marks, as the source of a regular expression. */
export const UNSPACED = `${UNSPACED_LETTER}[\\p{M}${VOICING}${INVISIBLE}]*`;

/** A letter or digit of other scripts. Fractions such as ½ are words of their own. */
export const LETTER = `[[\\p{L}\\p{N}Ⓐ-ⓩ🄰-🅉]--[¼-¾⅐-⅟↉]--${UNSPACED_LETTER}--${APOSTROPHE}--[${VOICING}${INVISIBLE}]]`;
const LETTERS = `${LETTER}[${LETTER}\\p{M}${INVISIBLE}]*`;

// What joins letters: an apostrophe, unless digits stand on both sides, as in 5'10; the mark of
// Hebrew acronyms, which is typed as a quotation mark; the point between two l of Catalan.
const JOINT = [
  `${APOSTROPHE}(?!(?<=\\p{Nd}.)\\p{Nd})(?<!${PARTING_APOSTROPHE})`,
  '(?<=\\p{sc=Hebrew})["״”“](?=\\p{sc=Hebrew})',
  '(?<=[lL])[·‧•∙⋅](?=[lL](?!\\p{M}))',
].join('|');

// Initials, and abbreviations of single letters. Either a point is behind each, as in J. R. R. and
// J.-P., or between them, as in U.S.A, but not where a name goes on, as in a.b.example.
const INITIAL = '[\\p{LC}[\\p{sc=Arab}&&\\p{L}]]\\p{M}*';
const ABBREVIATION =
  `(?:\\p{L}[\\p{L}\\p{M}]{0,4}${APOSTROPHE})?(?<!${LETTER}\\.)${INITIAL}\\.(?:` +
  `(?:(?:[\\-‐‑]?${INITIAL}\\.)+|(?:[ \u00a0\u202f]${INITIAL}\\.)+)(?!${LETTER}\\p{M}*(?![${LETTER}\\p{M}])|\\p{M})|` +
  `${INITIAL}(?:\\.${INITIAL})*(?!${LETTER}|\\p{M}|\\.${LETTER}))`;

const PICTURE = '[\\p{Extended_Pictographic}--[©®™‼⁉〰ℹⓂ]]';
// With a skin tone, a choice between text and picture, or the letters of a flag.
const STYLED_PICTURE = `${PICTURE}[\\p{Emoji_Modifier}\\ufe0e\\ufe0f]*[\u{e0020}-\u{e007f}]*`;
const PLAIN_LETTER = `[${LETTER}--\\p{N}]`;

const WORD = new RegExp(
  [
    // Most words are these, which the other ways need not be tried for.
    `${PLAIN_LETTER}+(?=[\\s,;:!?\\)]|$|(?<=${PLAIN_LETTER}{2})[.\\-])`,
    WRITTEN_NUMBER,
    ABBREVIATION,
    // C++ and C#.
    `\\p{LC}\\p{M}*(?:\\+\\+|#)(?![${LETTER}+#])`,
    `${LETTERS}(?:(?:${JOINT})${LETTERS})*`,
    UNSPACED,
    '[¼-¾⅐-⅞↉]',
    `${STYLED_PICTURE}(?:\\u200d${STYLED_PICTURE})*`,
    '\\p{RI}\\p{RI}',
  ].join('|'),
  'gv',
);
const ASCII_WORD = /^[A-Za-z0-9]{1,64}$/;
const PLAIN = /^[\p{L}\p{M}\p{N}]+$/v;
const IS_NUMBER = /^\p{Nd}\P{L}*$/v;
const IS_PICTURE = new RegExp(`^${PICTURE}`, 'v');
// Skin tones, variation selectors, and the sign that makes a person a man or a woman.
const STYLE = /[\p{Emoji_Modifier}\ufe0e\ufe0f]|\u200d[♀♂]/gv;
/** What may stand inside a word and is not heard: points, hyphens and spaces of abbreviations. */
const SILENT = /[.\s\-‐‑"״”“·‧•∙⋅]/gv;

/**
 * The words of a text in their order. A word is the same however it is written:
 *
 * - Elided articles, prepositions and pronouns of Romance languages (`l'` `d'` `qu'` `dell'`) are
 *   dropped and take no position: `l'amour` is `amour`. So are the English genitive and other
 *   endings behind an apostrophe; see apostrophe.rules.ts. Other apostrophes within a word join:
 *   `don't` is `dont`.
 * - An abbreviation of single letters is one word: `J. R. R.` is `JRR`.
 * - Groups of digits are joined, and decimals and fractions are one word; see written.number.ts.
 * - An emoji is a word, whatever its skin tone, and so is a character of a script without spaces.
 *
 * Hyphens and all other signs part words.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(WORD)) {
    const [word] = match;
    const term = termOf(word);
    const end = match.index + word.length;
    if (term) tokens.push({ term, start: match.index + elidedLength(word), end });
  }
  return tokens;
}

/** Only the terms of tokenize(text), which are found much faster. */
export function termsOf(text: string): string[] {
  const words: string[] = text.match(WORD) ?? [];
  for (let i = 0; i < words.length; i++) words[i] = termOf(words[i] as string);
  return words.includes('') ? words.filter((term) => term) : words;
}

function termOf(word: string): string {
  // Most words are folded already.
  if (FOLDED.test(word)) return cut(word);
  if (ASCII_WORD.test(word)) return word.toLowerCase();
  if (PLAIN.test(word)) return cut(fold(word));
  if (IS_PICTURE.test(word)) return word.replace(STYLE, '');
  if (IS_NUMBER.test(word)) return cut(numberTerm(word));
  const bare = word.slice(elidedLength(word), lengthWithoutEnclitic(word));
  return cut(fold(bare.replace(SILENT, '')));
}

function cut(term: string): string {
  if (term.length <= MAX_TERM_LENGTH) return term;
  const lastIsHalfPair = /[\ud800-\udbff]/.test(term.charAt(MAX_TERM_LENGTH - 1));
  return term.slice(0, lastIsHalfPair ? MAX_TERM_LENGTH - 1 : MAX_TERM_LENGTH);
}
