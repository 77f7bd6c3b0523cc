import { tokenize } from './tokenizer.ts';

/** A sentence begins behind this. */
const BEFORE_SENTENCE = /(?:^|[.!?…:«"“(])\s*$/;

/**
 * How texts spell a term: as most of its places do that do not begin a sentence, of equally
 * frequent spellings the first; in lower case, if all of them do. The term itself, when no text
 * holds it.
 */
export function spellingOf(term: string, texts: readonly string[]): string {
  const counts = new Map<string, number>();
  let initial: string | undefined;
  for (const text of texts) {
    for (const token of tokenize(text)) {
      if (token.term !== term) continue;
      const spelling = text.slice(token.start, token.end);
      if (BEFORE_SENTENCE.test(text.slice(Math.max(0, token.start - 3), token.start))) {
        initial ??= spelling.toLowerCase();
      } else counts.set(spelling, (counts.get(spelling) ?? 0) + 1);
    }
  }
  const [[usual] = []] = [...counts].sort(([, a], [, b]) => b - a);
  return usual ?? initial ?? term;
}
