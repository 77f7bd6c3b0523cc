import { MAX_EXCLUSIONS, MAX_PHRASES, MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { LETTER, termsOf, UNSPACED } from './tokenizer.ts';

/** One word that a document must contain. */
export interface QueryWord {
  term: string;
  /**
   * Longer terms that begin with it match too: it is the last word, which may not be typed to its
   * end yet.
   */
  prefix: boolean;
  /** It stands in a phrase, so that neither longer nor similar terms match it. */
  exact: boolean;
}

/** What a keyword string asks for. A query without words asks for nothing and finds nothing. */
export interface Query {
  /** All must match; distinct, in the order written. */
  words: QueryWord[];
  /** Distinct. Terms that must stand side by side, in this order; each is among the words too. */
  phrases: string[][];
  /**
   * Distinct. Terms that must not stand side by side in this order; a single one must not stand at
   * all.
   */
  excluded: string[][];
}

// A quotation mark behind a letter or digit opens no phrase, and one between two closes none: they
// are inches, minutes or part of a Hebrew acronym. East Asian brackets are never such.
const QUOTES = '"“”„‟«»‹›＂';
const BEHIND_LETTER = `(?<=${LETTER}\\p{M}*)`;
const OPENING = '「『《〈〝';
const CLOSING = '」』》〉〞〟';

const PHRASE =
  `(?!${BEHIND_LETTER})[${QUOTES}]` +
  `(?<phrase>(?:[^${QUOTES}]|${BEHIND_LETTER}[${QUOTES}](?=${LETTER}))*)(?:[${QUOTES}]|$)|` +
  `[${OPENING}](?<phrase>[^${CLOSING}]*)(?:[${CLOSING}]|$)`;
const UNQUOTED = `[^\\s${QUOTES}${OPENING}${CLOSING}]|${BEHIND_LETTER}[${QUOTES}]`;
const MINUS = '-(?=[^\\s\\-])';

/** A minus at the start of a word with what it excludes, or a phrase, or words up to either. */
const PART = new RegExp(
  [
    `(?<!\\S)(?<minus>${MINUS})(?:${PHRASE}|(?<words>(?:${UNQUOTED})+))`,
    PHRASE,
    `(?<words>(?:${UNQUOTED}|\\s(?!${MINUS}))+)`,
  ].join('|'),
  'gv',
);

/** Characters of a script without spaces that touch, parted from the rest by split(). */
const UNSPACED_RUN = new RegExp(`((?:${UNSPACED})+)`, 'v');

/**
 * Reads `word word "a phrase" -word -"a phrase"`. All words must match. The last one matches as a
 * prefix too, unless it is quoted or excluded. A quote that is not closed ends with the text.
 * Characters of a script without spaces that touch are a phrase: `東京` asks for `"東京"`. Other
 * punctuation separates words, as it does in documents. The query may be beyond what queryExcess()
 * allows.
 */
export function parseQuery(keyword: string): Query {
  const words = new Map<string, QueryWord>();
  const phrases = new Map<string, string[]>();
  const excluded = new Map<string, string[]>();
  let last: QueryWord | undefined;
  for (const { groups } of keyword.matchAll(PART)) {
    const { minus, phrase, words: unquoted = '' } = groups as Partial<Record<string, string>>;
    if (minus) {
      const terms = termsOf(phrase ?? unquoted);
      if (terms.length > 0) excluded.set(terms.join(' '), terms);
      last = undefined;
      continue;
    }
    const stretches = phrase === undefined ? readUnquoted(unquoted) : [quoted(termsOf(phrase))];
    for (const stretch of stretches) {
      for (const term of stretch.terms) addWord(words, term, stretch.isExact);
      for (const terms of stretch.phrases) phrases.set(terms.join(' '), terms);
      last = words.get(stretch.terms.at(-1) ?? '') ?? last;
    }
  }
  if (last && !last.exact) last.prefix = true;
  return {
    words: [...words.values()],
    phrases: [...phrases.values()],
    excluded: [...excluded.values()],
  };
}

/**
 * The error message for a query that has too many words, phrases or exclusions; undefined when it
 * is within the bounds.
 */
export function queryExcess({ words, phrases, excluded }: Query): string | undefined {
  if (words.length > MAX_WORDS) return `must have at most ${MAX_WORDS} different words`;
  if (phrases.length > MAX_PHRASES) return `must have at most ${MAX_PHRASES} phrases`;
  if (excluded.length > MAX_EXCLUSIONS) return `must have at most ${MAX_EXCLUSIONS} exclusions`;
  if ([...phrases, ...excluded].some((terms) => terms.length > MAX_WORDS))
    return `must have at most ${MAX_WORDS} words in a phrase or an exclusion`;
  return undefined;
}

/** Terms that a query asks for, and the phrases that they make. */
interface Stretch {
  terms: string[];
  isExact: boolean;
  phrases: string[][];
}

function quoted(terms: string[]): Stretch {
  return { terms, isExact: true, phrases: terms.length > 1 ? [terms] : [] };
}

function readUnquoted(text: string): Stretch[] {
  return text.split(UNSPACED_RUN).map((part, i) => {
    const terms = termsOf(part);
    const isRun = i % 2 === 1 && terms.length > 1;
    return { terms, isExact: isRun, phrases: isRun ? chained(terms) : [] };
  });
}

/** Phrases that are short enough, each beginning with the last term of the one before. */
function chained(terms: string[]): string[][] {
  const phrases: string[][] = [];
  for (let from = 0; from < terms.length - 1; from += MAX_WORDS - 1) {
    phrases.push(terms.slice(from, from + MAX_WORDS));
  }
  return phrases;
}

function addWord(words: Map<string, QueryWord>, term: string, exact: boolean): void {
  const word = words.get(term) ?? { term, prefix: false, exact };
  word.exact ||= exact;
  words.set(term, word);
}
