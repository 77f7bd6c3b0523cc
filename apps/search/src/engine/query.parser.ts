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
  /** All must match; distinct, in the order written. */
  words: QueryWord[];
  /** Terms that must stand side by side, in this order; each is among the words too. */
  phrases: string[][];
  /** Terms that must not stand side by side in this order; a single one must not stand at all. */
  excluded: string[][];
}

/** Most different words of a query, phrases, exclusions, and words of one phrase: what a query may cost is bounded by them. */
export const MAX_WORDS = 16;
export const MAX_PHRASES = 8;
export const MAX_EXCLUSIONS = 8;

const PART = /(?<minus>(?<!\S)-(?=[^\s-]))?(?:["“”](?<phrase>[^"“”]*)(?:["“”]|$)|(?<word>[^\s"“”]+))/gu;

/**
 * Reads `word word "a phrase" -word -"a phrase"`. All words must match; the last one, unless quoted or excluded, also as a prefix. An unclosed
 * quote ends with the text. Punctuation elsewhere separates words, as it does in documents. The query may be beyond what queryExcess() allows.
 */
export function parseQuery(keyword: string): Query {
  const words = new Map<string, QueryWord>();
  const query: Query = { words: [], phrases: [], excluded: [] };
  let last: QueryWord | undefined;
  for (const { groups } of keyword.matchAll(PART)) {
    const quoted = groups?.phrase !== undefined;
    const terms = termsOf(groups?.phrase ?? groups?.word ?? '');
    if (groups?.minus) {
      if (terms.length > 0) query.excluded.push(terms);
      last = undefined;
      continue;
    }
    for (const term of terms) take(words, term, quoted);
    if (quoted && terms.length > 1) query.phrases.push(terms);
    last = words.get(terms.at(-1) ?? '') ?? last;
  }
  if (last && !last.exact) last.prefix = true;
  query.words = [...words.values()];
  return query;
}

/** What a query has too much of, as an error says it; undefined when the engine takes it. */
export function queryExcess({ words, phrases, excluded }: Query): string | undefined {
  if (words.length > MAX_WORDS) return `must have at most ${MAX_WORDS} different words`;
  if (phrases.length > MAX_PHRASES) return `must have at most ${MAX_PHRASES} phrases`;
  if (excluded.length > MAX_EXCLUSIONS) return `must have at most ${MAX_EXCLUSIONS} exclusions`;
  if ([...phrases, ...excluded].some((terms) => terms.length > MAX_WORDS))
    return `must have at most ${MAX_WORDS} words in a phrase or an exclusion`;
  return undefined;
}

function take(words: Map<string, QueryWord>, term: string, exact: boolean): void {
  const word = words.get(term) ?? { term, prefix: false, exact };
  word.exact ||= exact;
  words.set(term, word);
}
