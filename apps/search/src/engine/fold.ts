/** Letters that Unicode does not decompose, and what people type for them. */
const LETTERS: Record<string, string> = {
  æ: 'ae',
  œ: 'oe',
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ŋ: 'n',
  ŧ: 't',
  ς: 'σ',
  ґ: 'г',
  // Arabic: alef wasla, teh marbuta, alef maksura; the yeh, kaf and heh of Persian and Urdu.
  '\u0671': '\u0627',
  '\u0629': '\u0647',
  '\u0649': '\u064a',
  '\u06cc': '\u064a',
  '\u06a9': '\u0643',
  '\u06c1': '\u0647',
  '\u06c3': '\u0647',
  // The fraction slash, which ½ is decomposed with.
  '\u2044': '/',
};

/**
 * What people type for an apostrophe, and letters that look like one: the okina of Hawaiian, the
 * ayin and hamza of transliterations, the geresh of Hebrew. It is the inside of a character class.
 */
export const APOSTROPHES = "'’ʼ＇‘‛`´′ʻʹʾʿꞌ՚׳";
/** Marks of length, direction and joining that show no glyph. The inside of a character class. */
export const INVISIBLE = '\\p{Default_Ignorable_Code_Point}\u0640';

// In the order of Unicode, letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Thai, kana, Han and
// Hangul.
const UNCHANGED =
  'a-z0-9α-ρσ-ωа-ик-яא-ת\u0621\u0627\u0628\u062a-\u063a\u0641-\u0648\u064a' +
  '\u0e01-\u0e32\u0e40-\u0e46\u3041-\u3094\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3';
/** Words that fold() leaves as they are, which are most. */
export const FOLDED = new RegExp(`^[${UNCHANGED}]+$`);

const ASCII = /^[\0-\x7f]*$/;
const UNDECOMPOSED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');
const APOSTROPHE = new RegExp(`[${APOSTROPHES}]`, 'g');
// Accents, Hebrew points, Arabic vowel signs, variation selectors and keycaps. Other marks stay: in
// Indic scripts and in kana (\u3099, \u309a) a mark is part of a letter, and so it is in й, ў and
// ї, for which nobody types и, у and і.
const IGNORED = new RegExp(
  `(?<kept>[иу]\u0306|і\u0308)|[[\\p{M}&&[\\p{sc=Inherited}\\p{sc=Hebrew}\\p{sc=Arabic}]]--[\u3099\u309a]]|(?<=l)·(?=l)|[ʼ${INVISIBLE}]`,
  'gv',
);
const LATIN = /^[A-Za-z\u00c0-\u017f]*$/;
const LATIN_ACCENTS = /[\u0300-\u036f]/g;
const IS_DIGIT = /\p{Nd}/u;
const FOREIGN_DIGIT = /[\p{Nd}--[0-9]]/gv;

/**
 * The form in which a word is indexed and looked for: without case, accents, ligatures, width
 * variants, apostrophes and invisible characters, with the digits 0 to 9. It is decomposed (NFKD of
 * Unicode Standard Annex 15), stripped of accents, and composed again (NFC). `Écraseur` and
 * `ecraseur`, `Cœur` and `coeur`, `don’t` and `dont`, `١٢` and `12` are one.
 */
export function fold(word: string): string {
  if (FOLDED.test(word)) return word;
  if (ASCII.test(word)) return word.toLowerCase().replace(/['`]/g, '');
  if (LATIN.test(word)) {
    // Most words with accents are done here.
    const folded = word.normalize('NFD').toLowerCase().replace(LATIN_ACCENTS, '');
    if (ASCII.test(folded)) return folded;
  }
  return word
    .replace(APOSTROPHE, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(IGNORED, '$<kept>')
    .replace(UNDECOMPOSED, (letter) => LETTERS[letter] ?? letter)
    .replace(FOREIGN_DIGIT, digitOf)
    .normalize('NFC');
}

/** Unicode lists the ten digits of a script in a row, and rows behind rows. */
function digitOf(digit: string): string {
  const code = digit.codePointAt(0) as number;
  let smaller = 0;
  while (IS_DIGIT.test(String.fromCodePoint(code - smaller - 1))) smaller++;
  return String(smaller % 10);
}
