import type { Bitmap } from './bitmap.ts';
import type { QueryMatcher, WordMatcher } from './query.matcher.ts';
import { INFLECTION_TIER } from './ranking.ts';
import type { Segment } from './segment.layout.ts';
import {
  countPostings,
  NO_TERMS,
  ordinalRange,
  postingsOf,
  type TermPostings,
  type TermRange,
  termRange,
} from './segment.terms.ts';
import type { TermTable } from './term.table.ts';

/** A word of the query in one segment. */
export interface SegmentWord {
  idf: number;
  /** The postings of the term that is the word itself. */
  exact: TermPostings;
  /** The other terms that begin with it. */
  longer: TermRange;
  /**
   * All terms that match it, by the tier that they put a document in: the word itself, the longer
   * ones, its inflected forms, then those at an edit distance of 1, 2 and so on.
   */
  tiers: TermRange[][];
  /** How many postings all of these have. */
  cost: number;
}

/** What a query asks of one segment. */
export interface SegmentQuery {
  segment: Segment;
  matcher: QueryMatcher;
  words: SegmentWord[];
  /** The documents that may match, by all but words and phrases; all when it is undefined. */
  allowed: Bitmap | undefined;
}

/** The words of the query in a segment, in their order. */
export function segmentWords(
  segment: Segment,
  table: TermTable,
  matcher: QueryMatcher,
): SegmentWord[] {
  return matcher.words.map((word) => segmentWord(segment, table, word));
}

function segmentWord(segment: Segment, table: TermTable, word: WordMatcher): SegmentWord {
  const own = termRange(segment, word.term);
  const exact = postingsOf(segment, own);
  const longer = longerTerms(segment, table, word, own);
  const tiers = [own === NO_TERMS ? [] : [own], longer === NO_TERMS ? [] : [longer], []];
  let cost = exact.end - exact.first + countPostings(segment, longer);
  const add = (range: TermRange, tier: number) => {
    if (range === NO_TERMS) return;
    while (tiers.length <= tier) tiers.push([]);
    (tiers[tier] as TermRange[]).push(range);
    cost += countPostings(segment, range);
  };
  for (const [term, languages] of word.inflected) {
    const range = termRange(segment, term);
    add(range === NO_TERMS ? range : { ...range, languages }, INFLECTION_TIER);
  }
  for (const [term, distance] of word.similar) {
    add(termRange(segment, term), INFLECTION_TIER + distance);
  }
  return { idf: word.idf, exact, longer, tiers, cost };
}

/** The inflected forms of the word in the segment. */
export function inflectedForms({ tiers }: SegmentWord): TermRange[] {
  return tiers[INFLECTION_TIER] as TermRange[];
}

/** The terms that begin with the word, without the word itself, which is the first of them. */
function longerTerms(
  segment: Segment,
  table: TermTable,
  { prefixRange }: WordMatcher,
  own: TermRange,
): TermRange {
  if (prefixRange.from === prefixRange.to) return NO_TERMS;
  const { from, to } = ordinalRange(segment, table, prefixRange);
  const first = own === NO_TERMS ? from : own.to;
  return first < to ? { from: first, to } : NO_TERMS;
}
