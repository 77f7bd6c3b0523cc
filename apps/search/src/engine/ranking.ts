/**
 * The order of hits, which every engine keeps. A document has fields: its text, its author, its
 * source, and each of its tags. A word is looked for in all of them, a phrase within each. A
 * document's score packs, from the most to the least decisive:
 *
 * 1. Its tier: 0 when the document holds every word exactly; PREFIX_TIER when it holds the last one
 *    only as a prefix; INFLECTION_TIER when it holds any word only as an inflected form. A word
 *    that matches in several ways counts by the best one.
 *    These are all when FEW_HITS documents match so. Else the query is tried in other ways, one
 *    after the other, until so many do; each finds only documents that none before has found:
 *    - FORGIVEN_TIER + the tier as above: with a word split or words joined, see
 *      query.rewriter.ts.
 *    - FORGIVEN_TIER + INFLECTION_TIER + the sum of the edit distances: with similar terms; where
 *      nothing is found so, with those of the last resort, see maxEditDistance().
 *    - RELAXED_TIER + all that: only when nothing was found. The most frequent words are left out,
 *      as few as are needed to find anything; of equal ones the last. A word is as frequent as all
 *      terms together that match it, but for those of the last resort, and one that nothing else
 *      matches goes first. Words of phrases stay, and so do exclusions.
 * 2. Its proximity: the sum of the gaps between neighbouring words of the query. A gap is the least
 *    number of words that stand between the two (one more when they stand in reverse order), at
 *    most MAX_GAP. A word stands where its best matches are. Two words never share one token. Words
 *    stand in the text; where one of the two has a best match in another field, the gap is 0: what
 *    an author or a tag says belongs to all of the text.
 * 3. Its BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond,
 *    2009) over the words matched exactly. The average length is fixed, so that the weight of a
 *    document never changes as others come and go, and the weight is rounded to a byte. The length
 *    is that of the text. A word that stands in another field too counts by the best of them, see
 *    fieldImpact(). A word matched otherwise counts as one occurrence in the text at an idf of 1.
 *
 * An inflected form of a word is a term with the same stem, see hasStem(). A stem is that of a
 * language: those of the documents that hold the word, and of those that hold the term, count;
 * where these name none, all. In a document with a language, only that one counts. A word has at
 * most MAX_INFLECTIONS forms: the most frequent ones, of these the first ones in text order. A
 * quoted word has none.
 *
 * Similar terms are tried for the MAX_FUZZY_WORDS rarest words of the query that are long enough
 * (equally rare: the first ones). A word has at most MAX_EXPANSIONS, of those that documents hold:
 * the ones with the smallest edit distance, of these the most frequent ones, of these the first
 * ones in text order. A term with a digit is similar to none.
 *
 * Of equal scores the newest document comes first, which has the highest id.
 */
export const PREFIX_TIER = 1;
export const INFLECTION_TIER = 2;
export const FORGIVEN_TIER = 3;
export const FEW_HITS = 10;
export const MAX_GAP = 8;
export const MAX_FUZZY_WORDS = 4;
export const MAX_EXPANSIONS = 50;
export const MAX_INFLECTIONS = 50;
/** Behind 2 edits in each of MAX_FUZZY_WORDS words. */
export const RELAXED_TIER = FORGIVEN_TIER + INFLECTION_TIER + 2 * MAX_FUZZY_WORDS + 1;
/**
 * Words of a query are compared with so many terms, times the letters of the word. The words of
 * natural language stay far below: only quotes that were made for it reach the bound. Then further
 * similar terms are missed.
 */
export const MAX_COMPARED_LETTERS = 1_000_000;

/** Places of the fields of a document, see fieldsOf(); the tags are those behind. */
export const TEXT_FIELD = 0;
const AUTHOR_FIELD = 1;

const K1 = 1.2;
const B = 0.75;
const AVERAGE_LENGTH = 16;
const MAX_WEIGHT = K1 + 1;
/** Higher impacts are those of the other fields. */
export const MAX_TEXT_IMPACT = 200;

// A tier outweighs any proximity, since MAX_WORDS words have at most 15 gaps of MAX_GAP. There are
// more tiers than a document can be in.
const TIERS = 66;
export const TIER = 256;
/** How many steps of proximity there are between the scores 1 and 0. */
export const SCORE_STEPS = TIERS * TIER;
/** The BM25 that is worth half of what BM25 can add. */
const SATURATION = 8;

/**
 * How far a similar term may be from a word of `length` characters: a short word is too easily
 * another one. Where nothing is found so, the distances are those of Elasticsearch's `AUTO`.
 */
export function maxEditDistance(length: number, isLastResort: boolean): number {
  const [one, two] = isLastResort ? [3, 6] : [5, 9];
  if (length >= two) return 2;
  return length >= one ? 1 : 0;
}

/** Such a term is similar to no other: another digit makes another number. */
export function hasDigit(term: string): boolean {
  return /[0-9]/.test(term);
}

/**
 * BM25's weight of a term with `frequency` occurrences among the `length` tokens of a text: a
 * number from 1 to MAX_TEXT_IMPACT.
 */
export function impact(frequency: number, length: number): number {
  const lengthNorm = K1 * (1 - B + (B * length) / AVERAGE_LENGTH);
  const weight = (frequency * (K1 + 1)) / (frequency + lengthNorm);
  return Math.max(1, Math.round((weight / MAX_WEIGHT) * MAX_TEXT_IMPACT));
}

/**
 * The weight of a term in another field than the text: that of number `field` of fieldsOf(), which
 * has so many words. It is above that of any text, highest in an author, and a little higher the
 * fewer the other words of the field are: in `Colette` above `Colette Renard`.
 */
export function fieldImpact(field: number, words: number): number {
  const others = Math.min(words - 1, 9);
  return field === AUTHOR_FIELD ? 255 - 4 * others : 210 - others;
}

const SINGLE_IMPACTS = Uint8Array.from({ length: 4096 }, (_, length) => impact(1, length));

/** `impact(1, length)`, from a table since it is called very often. */
export function singleImpact(length: number): number {
  // A longer document is rare, and computed.
  return SINGLE_IMPACTS[length] ?? impact(1, length);
}

/** The BM25 weight of one step of an impact. */
export const WEIGHT_PER_IMPACT = MAX_WEIGHT / MAX_TEXT_IMPACT;

/**
 * BM25's inverse document frequency of a term, scaled so that it is multiplied by an impact as it
 * is.
 */
export function idf(documents: number, documentFrequency: number): number {
  const odds = (documents - documentFrequency + 0.5) / (documentFrequency + 0.5);
  return Math.log(1 + odds) * WEIGHT_PER_IMPACT;
}

/**
 * Covers the rounding of packScore() where it is turned round: a document too many is looked at,
 * never one too few.
 */
const ROUNDING = 1e-10;

/** Packs the parts of a score into a number from 0 to 1; the higher the better. */
export function packScore(tier: number, proximity: number, bm25: number): number {
  return 1 - (tier * TIER + proximity + 1 - bm25 / (bm25 + SATURATION)) / SCORE_STEPS;
}

/** The highest proximity that a document of the tier may have to reach `minScore`. */
export function maxCompetitiveProximity(minScore: number, tier: number): number {
  return Math.ceil((1 - minScore) * SCORE_STEPS + ROUNDING - tier * TIER) - 1;
}

/**
 * The least BM25 that a document of the tier needs to reach `minScore`, even if its proximity is
 * the least possible; Infinity when no such document reaches it.
 */
export function minCompetitiveBm25(minScore: number, tier: number, minProximity = 0): number {
  const share = tier * TIER + minProximity + 1 - (1 - minScore) * SCORE_STEPS - ROUNDING;
  if (share <= 0) return 0;
  return share < 1 ? (SATURATION * share) / (1 - share) : Number.POSITIVE_INFINITY;
}
