import { type Bitmap, forEachDown, hasBit } from './bitmap.ts';
import { minCompetitiveBm25, packScore, singleImpact, WEIGHT_PER_IMPACT } from './ranking.ts';
import { POSTINGS_PER_BLOCK, type Segment } from './segment.layout.ts';
import type { TermRange } from './segment.terms.ts';
import type { TopHits } from './top.hits.ts';

/**
 * Offers the documents of `exactMatches`, which hold the one term of the range: it is the only word
 * of the query.
 */
export function rankByImpact(
  segment: Segment,
  range: TermRange,
  idf: number,
  tier: number,
  exactMatches: Bitmap,
  top: TopHits,
): void {
  const { postingStarts, documents, impacts, blockMaxImpacts, ids } = segment;
  const start = postingStarts[range.from] as number;
  let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  for (let p = (postingStarts[range.to] as number) - 1; p >= start; ) {
    const block = Math.floor(p / POSTINGS_PER_BLOCK);
    const first = Math.max(start, block * POSTINGS_PER_BLOCK);
    // No document of the block can enter the top.
    if (idf * (blockMaxImpacts[block] as number) < minBm25) p = first - 1;
    for (; p >= first; p--) {
      const bm25 = idf * (impacts[p] as number);
      if (bm25 < minBm25) continue;
      const document = documents[p] as number;
      const score = packScore(tier, 0, bm25);
      if (score < top.minCompetitiveScore || !hasBit(exactMatches, document)) continue;
      top.offer(ids[document] as number, score);
      minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
    }
  }
}

/**
 * Offers the documents of `bits`, which match the only word of the query as a prefix or by a
 * similar term: their scores differ by their lengths only.
 */
export function rankByLength(segment: Segment, tier: number, bits: Bitmap, top: TopHits): void {
  const { ids, lengths, liveDocs } = segment;
  let minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  if (minBm25 === Number.POSITIVE_INFINITY) return;
  forEachDown(bits, liveDocs.length, (document) => {
    const bm25 = WEIGHT_PER_IMPACT * singleImpact(lengths[document] as number);
    if (bm25 < minBm25) return;
    const score = packScore(tier, 0, bm25);
    if (score < top.minCompetitiveScore) return;
    top.offer(ids[document] as number, score);
    minBm25 = minCompetitiveBm25(top.minCompetitiveScore, tier);
  });
}
