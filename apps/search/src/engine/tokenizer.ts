import { fold } from './fold.ts';

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
const UNSPACED =
  '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}';
const LETTER = `[[\\p{L}\\p{N}]--[${UNSPACED}ʼ]]`;
const APOSTROPHE = "['’ʼ＇]";
const PICTURE = '\\p{Extended_Pictographic}[\\p{Emoji_Modifier}\\ufe0f]*';
const WORD = new RegExp(
  [
    `${LETTER}[${LETTER}\\p{M}]*(?:${APOSTROPHE}${LETTER}[${LETTER}\\p{M}]*)*`,
    `[${UNSPACED}]\\p{M}*`,
    `${PICTURE}(?:\\u200d${PICTURE})*`,
    '\\p{RI}\\p{RI}',
  ].join('|'),
  'gv',
);
const FOLDED = /^[a-z0-9]{1,64}$/;
const ELISION = new RegExp(
  `^(?:(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu)${APOSTROPHE})+(?=.)`,
  'iv',
);

/**
 * The words of a text in their order. Elided French articles and pronouns (l' d' qu' jusqu'...) are
 * dropped and take no position: `l'amour` is `amour`. Other apostrophes within a word join (`don't`
 * is `dont`), an emoji is a word, and so is a character of a script without spaces.
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
  if (FOLDED.test(word)) return word;
  return cut(fold(word.slice(elidedLength(word))));
}

function elidedLength(word: string): number {
  return ELISION.exec(word)?.[0].length ?? 0;
}

function cut(term: string): string {
  if (term.length <= MAX_TERM_LENGTH) return term;
  const lastIsHalfPair = /[\ud800-\udbff]/.test(term.charAt(MAX_TERM_LENGTH - 1));
  return term.slice(0, lastIsHalfPair ? MAX_TERM_LENGTH - 1 : MAX_TERM_LENGTH);
}
