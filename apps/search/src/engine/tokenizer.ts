import { fold } from './fold.ts';

/** A word of a text: its folded `term`, and where it stands in the original, in UTF-16 units (`end` is exclusive). */
export interface Token {
  term: string;
  start: number;
  end: number;
}

/** Longer words are cut here, in texts and queries alike, so that no single word can bloat the index. */
const MAX_TERM_LENGTH = 64;

// Scripts written without spaces: one token a character, since splitting them into words needs a dictionary.
const UNSPACED = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}';
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
const ELISION = new RegExp(`^(?:(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu)${APOSTROPHE})+(?=.)`, 'iv');

/**
 * The words of `text` in order. French elided articles and pronouns (l' d' qu' jusqu'...) are dropped and take no position: `l'amour` is `amour`.
 * Other inner apostrophes join (`don't` is `dont`), emoji are words, and scripts without spaces give one word a character.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(WORD)) {
    const [word] = match;
    const end = match.index + word.length;
    const elided = word.length > 2 ? (ELISION.exec(word)?.[0].length ?? 0) : 0;
    const term = cut(fold(elided ? word.slice(elided) : word));
    if (term) tokens.push({ term, start: match.index + elided, end });
  }
  return tokens;
}

function cut(term: string): string {
  if (term.length <= MAX_TERM_LENGTH) return term;
  const lastIsHalfPair = /[\ud800-\udbff]/.test(term.charAt(MAX_TERM_LENGTH - 1));
  return term.slice(0, lastIsHalfPair ? MAX_TERM_LENGTH - 1 : MAX_TERM_LENGTH);
}
