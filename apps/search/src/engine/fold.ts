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
};

const ASCII = /^[\0-\x7f]*$/;
const UNDECOMPOSED = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');
// Accents, Hebrew points, Arabic vowel signs and variation selectors. Other marks stay: in Indic
// scripts and in kana (\u3099, \u309a) a mark is part of a letter.
const ACCENTS = /[[\p{Mn}&&[\p{sc=Inherited}\p{sc=Hebrew}\p{sc=Arabic}]]--[\u3099\u309a]]/gv;
const APOSTROPHES = /['’ʼ＇]/g;

/**
 * The form in which a word is indexed and looked for: without case, accents, ligatures, width
 * variants and apostrophes. It is decomposed (NFKD of Unicode Standard Annex 15), stripped of
 * accents, and composed again (NFC). `Écraseur` and `ecraseur`, `Cœur` and `coeur`, `don’t` and
 * `dont` are one.
 */
export function fold(word: string): string {
  if (ASCII.test(word)) return word.toLowerCase().replaceAll("'", '');
  return word
    .normalize('NFKD')
    .toLowerCase()
    .replace(ACCENTS, '')
    .replace(APOSTROPHES, '')
    .replace(UNDECOMPOSED, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFC');
}
