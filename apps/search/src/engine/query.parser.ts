import { termsOf } from './tokenizer.ts';

/** One word that a document must contain. */
export interface QueryWord {
  term: string;
  /** Longer words that begin with it count too: it is the last word, which may still be being typed. */
  prefix: boolean;
  /** Stands in a phrase, so that neither prefix nor typo can replace it. */
  exact: boolean;
}

/** What a keyword string asks for. A query without words asks for nothing and finds nothing. */
export interface Query {
  /** All must match; distinct, in the order written, at most MAX_WORDS. */
  words: QueryWord[];
  /** Terms that must stand side by side, in this order; each is among the words too. */
  phrases: string[][];
  /** Terms that must not stand side by side in this order; a single one must not stand at all. */
  excluded: string[][];
}

/** What follows the word that makes this many is ignored; so are excluded words and phrases past this many. */
export const MAX_WORDS = 32;

const PART = /(?<minus>(?<!\S)-(?=[^\s-]))?(?:["“”](?<phrase>[^"“”]*)(?:["“”]|$)|(?<word>[^\s"“”]+))/gu;

/**
 * Reads `word word "a phrase" -word -"a phrase"`. All words must match; the last one, unless quoted or excluded, also as a prefix. An unclosed
 * quote ends with the text. Punctuation elsewhere separates words, as it does in documents.
 */
export function parseQuery(keyword: string): Query {
  const words = new Map<string, QueryWord>();
  const query: Query = { words: [], phrases: [], excluded: [] };
  let last: QueryWord | undefined;
  for (const { groups } of keyword.matchAll(PART)) {
    const quoted = groups?.phrase !== undefined;
    const terms = termsOf(groups?.phrase ?? groups?.word ?? '');
    if (groups?.minus) {
      if (terms.length > 0 && query.excluded.length < MAX_WORDS) query.excluded.push(terms);
      last = undefined;
      continue;
    }
    const taken = terms.filter((term) => take(words, term, quoted));
    if (quoted && taken.length > 1) query.phrases.push(taken);
    last = words.get(taken.at(-1) ?? '') ?? last;
  }
  if (last && !last.exact) last.prefix = true;
  query.words = [...words.values()];
  return query;
}

function take(words: Map<string, QueryWord>, term: string, exact: boolean): boolean {
  const word = words.get(term) ?? { term, prefix: false, exact };
  if (!words.has(term) && words.size === MAX_WORDS) return false;
  word.exact ||= exact;
  words.set(term, word);
  return true;
}
