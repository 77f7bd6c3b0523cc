import type { Correction } from './search.engine.ts';
import { tokenize } from './tokenizer.ts';

/**
 * The keyword as it was understood: with the words that were corrected replaced, and all else as it
 * was written. Terms have neither accents nor capitals, so that they are spelt as the texts spell
 * them, in lower case. Null when nothing was corrected.
 * @param texts of the best hits
 */
export function correctedKeyword(
  keyword: string,
  corrections: readonly Correction[],
  texts: readonly string[],
): string | null {
  if (corrections.length === 0) return null;
  const spellings = new Map<string, string>();
  for (const text of texts) {
    for (const { term, start, end } of tokenize(text)) {
      if (!spellings.has(term)) spellings.set(term, text.slice(start, end).toLowerCase());
    }
  }
  let corrected = keyword;
  // From the end on, so that the places of what stands before stay the same.
  const tokens = tokenize(keyword);
  for (let at = tokens.length - 1; at >= 0; at--) {
    const correction = corrections.find(({ words }) => {
      return words.every((word, i) => tokens[at + i]?.term === word);
    });
    if (correction === undefined) continue;
    const { start } = tokens[at] as { start: number };
    const { end } = tokens[at + correction.words.length - 1] as { end: number };
    const words = correction.terms.map((term) => spellings.get(term) ?? term);
    corrected = corrected.slice(0, start) + words.join(' ') + corrected.slice(end);
  }
  return corrected;
}
