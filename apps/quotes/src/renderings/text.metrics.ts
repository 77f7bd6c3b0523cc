/**
 * How wide texts are, in ems. A card is drawn by the fonts of whoever looks at it. Widths of Latin
 * letters are those of Georgia, which the card asks for first. Others are estimated by their
 * script, rather too wide than too narrow.
 */

/** The widths of Georgia from the space to the tilde, in thousandths of an em. */
const ASCII_WIDTHS = [
  241, 331, 412, 643, 610, 817, 710, 215, 375, 375, 472, 643, 270, 374, 270, 469, 614, 430, 559,
  552, 565, 528, 566, 502, 596, 566, 312, 312, 643, 643, 643, 479, 929, 671, 654, 642, 749, 653,
  599, 725, 815, 390, 518, 694, 604, 927, 767, 744, 610, 744, 702, 561, 619, 756, 667, 976, 710,
  615, 602, 375, 469, 375, 643, 643, 500, 504, 560, 454, 574, 483, 325, 509, 582, 293, 292, 536,
  286, 881, 591, 539, 571, 560, 410, 432, 345, 575, 497, 737, 505, 492, 444, 430, 375, 430, 643,
];
const FIRST = 0x20;

const ZERO_WIDTH_JOINER = '\u200d';

/** Marks above and below letters, and what is never drawn. */
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Emoji_Modifier}\p{Default_Ignorable_Code_Point}]/u;
const EMOJI = /[\p{Emoji_Presentation}\p{Extended_Pictographic}]/u;
const FULL_WIDTH = charactersOf(
  ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo', 'Yi'],
  '\\u3000-\\u33ff\\uff00-\\uffef',
);
const LETTER = charactersOf([
  ...['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Georgian'],
  ...['Hebrew', 'Arabic', 'Syriac', 'Thaana', 'Devanagari', 'Thai', 'Lao'],
]);
const CAPITAL = /\p{Lu}/u;
/** Marks and signs; long dashes are left to be as wide as what is not known. */
const PUNCTUATION = /[\xa1-\xbf\u2010-\u2013\u2018-\u2027\u202f-\u205e]/u;

/** Matches a character of these scripts, or of a class in the syntax of regular expressions. */
export function charactersOf(scripts: readonly string[], others = ''): RegExp {
  return new RegExp(`[${scripts.map((script) => `\\p{Script=${script}}`).join('')}${others}]`, 'u');
}

/** The width of a text, in ems. */
export function widthOf(text: string): number {
  let width = 0;
  let previous = '';
  for (const character of text) {
    // What is joined to an emoji is drawn as one with it.
    if (previous !== ZERO_WIDTH_JOINER || !EMOJI.test(character)) width += widthOfOne(character);
    previous = character;
  }
  return width;
}

function widthOfOne(character: string): number {
  const ascii = ASCII_WIDTHS[character.charCodeAt(0) - FIRST];
  if (ascii !== undefined) return ascii / 1000;
  if (NO_WIDTH.test(character)) return 0;
  if (FULL_WIDTH.test(character)) return 1;
  if (PUNCTUATION.test(character)) return 0.5;
  if (EMOJI.test(character)) return 1.4;
  // Letters with accents, ligatures, and letters in the shape that they have within a word.
  const parts = character.normalize('NFKD');
  if (parts !== character) return widthOf(parts);
  if (LETTER.test(character)) return CAPITAL.test(character) ? 0.8 : 0.62;
  return character.length > 1 ? 1.5 : 1;
}
