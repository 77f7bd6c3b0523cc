import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import type { Query, QueryWord } from './query.parser.ts';
import { hasDigit } from './ranking.ts';
import type { Correction } from './search.engine.ts';

/** A word is split at most at so many places. */
const MAX_SPLITS = 2;
/** A query is rewritten in at most so many ways. */
const MAX_REWRITINGS = 4;
/** So many corrected queries are tried at most. */
const MAX_TRIALS = 4;
/** A query that finds anything is corrected to one that finds so many times as much. */
const CORRECTION_RATIO = 10;

/**
 * Words of one letter in many languages, which would take the first letter off other words. Others
 * are abbreviations: `email` is `e-mail`, and `tshirt` `t-shirt`.
 */
const VOWELS = /^[aiouy]$/;

/** A query with a word split, or words joined. */
export interface Rewriting extends Correction {
  query: Query;
}

/**
 * The query with one word split into two that must stand side by side, or two neighbouring words
 * joined, in all ways that yield terms of documents: the most frequent ones, for which a split
 * counts as frequent as its rarest part. Of equal ones the first in the query comes first, and a
 * split before a join. So `wellbeing`, `well-being` and `well being` find each other. Between two
 * that are joined may stand a single letter, and between two of a split an `n`, if there is no
 * other split: `rock'n'roll`. A number is one word: where digits are, it is only parted from
 * letters, or joined to them, as in `covid-19`.
 */
export function splitsAndJoins(
  query: Query,
  documentFrequency: (term: string) => number,
): Rewriting[] {
  const found = query.words.flatMap((word, i) => {
    if (word.exact) return [];
    const room = MAX_WORDS - query.words.length;
    const split = splits(word.term, room, documentFrequency).map(({ terms, frequency }) => {
      const words = terms.map((term) => ({ term, prefix: false, exact: true }));
      const rewritten = replaceWords(query, i, 1, words);
      rewritten.phrases = [...rewritten.phrases, terms];
      return { words: [word.term], terms, frequency, query: rewritten };
    });
    const joined = [2, 3].flatMap((count) => {
      const parts = query.words.slice(i, i + count);
      const words = parts.map(({ term }) => term);
      const isFree = parts.length === count && !parts.some(({ exact }) => exact);
      if (!isFree || !mayPart(words)) return [];
      const term = words.join('');
      const frequency = documentFrequency(term);
      if (frequency === 0) return [];
      const prefix = parts.at(-1)?.prefix ?? false;
      const rewritten = replaceWords(query, i, count, [{ term, prefix, exact: false }]);
      return [{ words, terms: [term], frequency, query: rewritten }];
    });
    return [...split, ...joined];
  });
  return found
    .sort((a, b) => b.frequency - a.frequency)
    .slice(0, MAX_REWRITINGS)
    .map(({ words, terms, query }) => ({ words, terms, query }));
}

/** The most frequent ways to split a term, of which each makes `room` more words at most. */
function splits(term: string, room: number, documentFrequency: (term: string) => number) {
  const letters = [...term];
  const part = (from: number, to?: number) => letters.slice(from, to).join('');
  const known = (ways: string[][]) =>
    ways
      .filter((terms) => terms.length <= room + 1 && !terms.includes('') && mayPart(terms))
      .map((terms) => ({ terms, frequency: Math.min(...terms.map(documentFrequency)) }))
      .filter(({ terms, frequency }) => frequency > 0 && !terms.some((term) => VOWELS.test(term)))
      .sort((a, b) => b.frequency - a.frequency);
  const inTwo = known(letters.map((_, i) => [part(0, i), part(i)]));
  const aroundN = letters.flatMap((letter, i) => {
    return letter === 'n' ? [[part(0, i), letter, part(i + 1)]] : [];
  });
  return [...inTwo, ...known(aroundN)].slice(0, MAX_SPLITS);
}

/**
 * Whether these, of which a third one stands in the middle, may be parts of one word: that is a
 * single letter, and where digits are, letters stand on the other side.
 */
function mayPart(terms: readonly string[]): boolean {
  const [, middle = ''] = terms;
  if (terms.length > 2 && !/^\p{L}$/u.test(middle)) return false;
  return terms.every((right, k) => {
    const left = terms[k - 1];
    if (left === undefined || !(hasDigit(left) || hasDigit(right))) return true;
    return /[0-9]$/.test(left) !== /^[0-9]/.test(right);
  });
}

/**
 * The words that may be left out of a query, in the order in which they are: those that nothing
 * matches, then the most frequent ones, of equal ones the last. Words of phrases stay, and so does
 * the last word there is.
 * @param frequencies by word
 */
export function dispensableWords(query: Query, frequencies: number[]): QueryWord[] {
  const { words } = query;
  const rank = (word: QueryWord) => frequencies[words.indexOf(word)] || Number.POSITIVE_INFINITY;
  const free = words.filter(({ exact }) => !exact).reverse();
  // Infinity minus itself is no number, and stands for equal here.
  free.sort((a, b) => rank(b) - rank(a) || 0);
  return free.length < words.length ? free : free.slice(0, -1);
}

export function withoutWords(query: Query, dropped: readonly QueryWord[]): Query {
  return { ...query, words: query.words.filter((word) => !dropped.includes(word)) };
}

/** What correct() needs to know of the documents. */
export interface Evidence {
  /** How many the query finds without typos. */
  total: number;
  /** By word, how many documents hold the terms that match it without typos. */
  frequencies: number[];
  /** By word, its similar terms with their edit distances. */
  similar: Map<string, number>[];
  documentFrequency(term: string): number;
  /** How many documents a query finds without typos. */
  count(query: Query): number;
}

/**
 * What was probably meant: the likeliest similar term of one word, the rarest word first, with
 * which the query finds something, or much more than without. Where no single one helps, the words
 * that no document holds are corrected, and one more if that helps.
 */
export function correct(query: Query, evidence: Evidence): Correction[] {
  const single = correctOne(query, evidence);
  if (single !== undefined) return [single];
  if (evidence.total > 0) return [];
  const corrections: Correction[] = [];
  let rest = query;
  query.words.forEach((word, i) => {
    const [best] = evidence.frequencies[i] === 0 ? likelyTerms(word, i, evidence) : [];
    if (best === undefined) return;
    corrections.push({ words: [word.term], terms: [best] });
    rest = replaceTerm(rest, word.term, best);
  });
  // Two words that became one have no places of their own any more.
  if (corrections.length === 0 || rest.words.length < query.words.length) return corrections;
  const similar = evidence.similar.map((terms, i) => {
    return evidence.frequencies[i] === 0 ? new Map<string, number>() : terms;
  });
  const another = correctOne(rest, { ...evidence, similar });
  return another === undefined ? corrections : [...corrections, another];
}

function correctOne(query: Query, evidence: Evidence): Correction | undefined {
  const { total, frequencies } = evidence;
  const rarestFirst = [...query.words.keys()];
  rarestFirst.sort((a, b) => (frequencies[a] as number) - (frequencies[b] as number));
  const trials = rarestFirst.flatMap((i) => {
    const word = query.words[i] as QueryWord;
    return likelyTerms(word, i, evidence).map((term) => ({ words: [word.term], terms: [term] }));
  });
  if (query.words.length === 1) return trials[0];
  return trials.slice(0, MAX_TRIALS).find(({ words: [word = ''], terms: [term = ''] }) => {
    const count = evidence.count(replaceTerm(query, word, term));
    return count > 0 && count >= CORRECTION_RATIO * total;
  });
}

/**
 * The similar terms that are likelier than the word as it is written, or all when nothing is found
 * so; the likeliest first.
 */
function likelyTerms({ term: word }: QueryWord, i: number, evidence: Evidence): string[] {
  const { total, frequencies, similar, documentFrequency } = evidence;
  const least = total === 0 ? 0 : Math.max(total, frequencies[i] as number);
  return [...(similar[i] as Map<string, number>)]
    .map(([term, distance]) => {
      return { term, likelihood: likelihood(word, term, distance, documentFrequency(term)) };
    })
    .filter(({ likelihood }) => likelihood >= Math.log(least))
    .sort((a, b) => b.likelihood - a.likelihood || (a.term < b.term ? -1 : 1))
    .map(({ term }) => term);
}

/**
 * The logarithm of how likely it is that somebody meant the term and wrote the word. The first
 * letter is rarely wrong, and letters are often swapped, doubled or left single. The weights are
 * those that put the right term first for most misspelt words of the codespell project.
 */
function likelihood(word: string, term: string, distance: number, frequency: number): number {
  const isOtherFirst = word.codePointAt(0) !== term.codePointAt(0);
  const letters = (text: string) => [...new Set(text)].sort().join('');
  const isSameLetters = letters(word) === letters(term);
  return Math.log(frequency) - 6 * distance - (isOtherFirst ? 3 : 0) + (isSameLetters ? 3 : 0);
}

function replaceTerm(query: Query, word: string, by: string): Query {
  const i = query.words.findIndex(({ term }) => term === word);
  return replaceWords(query, i, 1, [{ ...(query.words[i] as QueryWord), term: by }]);
}

/** The query with `count` words from the one at `at` on replaced by others. */
function replaceWords(query: Query, at: number, count: number, by: QueryWord[]): Query {
  const words = new Map<string, QueryWord>();
  for (const { term, prefix, exact } of query.words.toSpliced(at, count, ...by)) {
    const known = words.get(term);
    words.set(term, {
      term,
      prefix: prefix || (known?.prefix ?? false),
      exact: exact || (known?.exact ?? false),
    });
  }
  for (const word of words.values()) if (word.exact) word.prefix = false;
  return { ...query, words: [...words.values()] };
}
