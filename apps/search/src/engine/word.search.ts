import { type Bitmap, createBitmap, hasBit, popCount, setBits, unite } from './bitmap.ts';
import { minCompetitiveBm25, packScore, singleImpact, WEIGHT_PER_IMPACT } from './ranking.ts';
import { MAX_SEGMENT_DOCUMENTS, POSTINGS_PER_BLOCK, type Segment } from './segment.layout.ts';
import { firstCommonRow, type TermPostings, type TermRange } from './segment.terms.ts';
import type { SegmentWord } from './segment.words.ts';
import type { TopHits } from './top.hits.ts';
import { stemmedLanguage } from './word.stems.ts';

/** The documents met so far: a document counts in its best tier only. */
const met = createBitmap(MAX_SEGMENT_DOCUMENTS);

/**
 * Offers the documents of a segment that match the only word of a query. None is read: its score
 * follows from its tier and from one posting or its length.
 * @param allowed the documents that may match; all of them when it is undefined
 * @param firstTier that of documents which hold the word itself
 * @returns how many match
 */
export function searchWord(
  segment: Segment,
  word: SegmentWord,
  allowed: Bitmap | undefined,
  firstTier: number,
  top: TopHits,
): number {
  const { exact, tiers, cost } = word;
  const { length } = segment.liveDocs;
  let total = countAllowed(segment, exact, allowed);
  rankByImpact(segment, word, allowed, firstTier, top);
  if (cost === exact.end - exact.first) return total;
  met.fill(0, 0, length);
  if (exact.row >= 0) unite(met, segment.commonBitmaps, exact.row * length, length);
  else setBits(met, segment.documents, exact.first, exact.end);
  for (let i = 1; i < tiers.length; i++) {
    for (const range of tiers[i] as TermRange[]) {
      total += rankByLength(segment, range, firstTier + i, allowed, top);
    }
  }
  return total;
}

/** How many of the postings are of documents that are allowed. */
function countAllowed(
  { documents, commonBitmaps, liveDocs }: Segment,
  { first, end, row }: TermPostings,
  allowed: Bitmap | undefined,
): number {
  if (allowed === undefined) return end - first;
  let count = 0;
  if (row < 0) {
    for (let p = first; p < end; p++) if (hasBit(allowed, documents[p] as number)) count++;
    return count;
  }
  const start = row * liveDocs.length;
  for (let i = 0; i < liveDocs.length; i++) {
    count += popCount((commonBitmaps[start + i] as number) & (allowed[i] as number));
  }
  return count;
}

/** Offers the documents that hold the word itself. */
function rankByImpact(
  { documents, impacts, blockMaxImpacts, ids }: Segment,
  { exact, idf }: SegmentWord,
  allowed: Bitmap | undefined,
  tier: number,
  top: TopHits,
): void {
  const { first, end } = exact;
  let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  for (let p = end - 1; p >= first; ) {
    const block = Math.floor(p / POSTINGS_PER_BLOCK);
    const last = Math.max(first, block * POSTINGS_PER_BLOCK);
    // No document of the block can enter the top.
    if (idf * (blockMaxImpacts[block] as number) < minBm25) p = last - 1;
    for (; p >= last; p--) {
      const bm25 = idf * (impacts[p] as number);
      if (bm25 < minBm25) continue;
      const document = documents[p] as number;
      const score = packScore(tier, 0, bm25);
      if (score < top.minCompetitiveScore) continue;
      if (allowed !== undefined && !hasBit(allowed, document)) continue;
      top.offer(ids[document] as number, score);
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    }
  }
}

/**
 * Offers the documents that hold any of the terms and were not met before. Their scores differ by
 * their lengths only. Returns how many there are.
 */
function rankByLength(
  segment: Segment,
  { from, to, languages }: TermRange,
  tier: number,
  allowed: Bitmap | undefined,
  top: TopHits,
): number {
  const { commonTerms, postingStarts } = segment;
  if (languages !== undefined) {
    const [first, end] = [postingStarts[from] as number, postingStarts[to] as number];
    return rankPostings(segment, first, end, tier, allowed, top, languages);
  }
  let count = 0;
  let next = from;
  for (let row = firstCommonRow(segment, from); ; row++) {
    // The postings up to the next common term, then those of that one, if there is one.
    const common = Math.min(commonTerms[row] ?? to, to);
    const first = postingStarts[next] as number;
    const end = postingStarts[common] as number;
    count += rankPostings(segment, first, end, tier, allowed, top);
    if (common === to) return count;
    const last = postingStarts[common + 1] as number;
    rankCommon(segment, end, last, tier, allowed, top);
    count += meetCommon(segment, row, allowed);
    next = common + 1;
  }
}

/**
 * Meets and offers the documents of the postings from `first` up to, but without, `end`: only those
 * of these languages, see TermRange.
 */
function rankPostings(
  segment: Segment,
  first: number,
  end: number,
  tier: number,
  allowed: Bitmap | undefined,
  top: TopHits,
  languages?: number,
): number {
  const { documents, impacts, langs } = segment;
  let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  let count = 0;
  for (let p = end - 1; p >= first; p--) {
    const document = documents[p] as number;
    const at = document >>> 5;
    const bit = 1 << (document & 31);
    const element = met[at] as number;
    if ((element & bit) !== 0) continue;
    if (
      languages !== undefined &&
      (languages & (1 << stemmedLanguage(langs[document] as number))) === 0
    ) {
      continue;
    }
    met[at] = element | bit;
    if (allowed !== undefined && ((allowed[at] as number) & bit) === 0) continue;
    count++;
    // The impact of a posting is not below that of a single occurrence.
    if (WEIGHT_PER_IMPACT * (impacts[p] as number) < minBm25) continue;
    offerByLength(segment, document, tier, top);
    minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  }
  return count;
}

/** Offers the documents of these postings of a common term, but does not meet them yet. */
function rankCommon(
  segment: Segment,
  first: number,
  end: number,
  tier: number,
  allowed: Bitmap | undefined,
  top: TopHits,
): void {
  const { documents, impacts, blockMaxImpacts } = segment;
  let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  for (let p = end - 1; p >= first; ) {
    const block = Math.floor(p / POSTINGS_PER_BLOCK);
    const last = Math.max(first, block * POSTINGS_PER_BLOCK);
    if (WEIGHT_PER_IMPACT * (blockMaxImpacts[block] as number) < minBm25) p = last - 1;
    for (; p >= last; p--) {
      if (WEIGHT_PER_IMPACT * (impacts[p] as number) < minBm25) continue;
      const document = documents[p] as number;
      if (hasBit(met, document)) continue;
      if (allowed !== undefined && !hasBit(allowed, document)) continue;
      offerByLength(segment, document, tier, top);
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    }
  }
}

/** Meets the documents of a common term. Returns how many were not met before and are allowed. */
function meetCommon(
  { commonBitmaps, liveDocs }: Segment,
  row: number,
  allowed: Bitmap | undefined,
): number {
  const start = row * liveDocs.length;
  let count = 0;
  for (let i = 0; i < liveDocs.length; i++) {
    const before = met[i] as number;
    const common = commonBitmaps[start + i] as number;
    met[i] = before | common;
    count += popCount(common & ~before & (allowed === undefined ? -1 : (allowed[i] as number)));
  }
  return count;
}

function offerByLength({ ids, lengths }: Segment, document: number, tier: number, top: TopHits) {
  const score = packScore(tier, 0, WEIGHT_PER_IMPACT * singleImpact(lengths[document] as number));
  if (score >= top.minCompetitiveScore) top.offer(ids[document] as number, score);
}
