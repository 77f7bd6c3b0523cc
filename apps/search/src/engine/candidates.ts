import { SCORE_STEPS, TIER } from './ranking.ts';

/** So many candidates of one query wait at most. */
export const MAX_CANDIDATES = 65_536;

/** Bounds are sorted by tier and proximity, and by so many steps of BM25. */
const BM25_STEPS = 16;
/** The bounds of so many tiers are told apart, each with TIER steps of proximity. */
const TIERS = 6;
const BUCKETS = TIERS * TIER * BM25_STEPS;

/**
 * What is known of a candidate: `context` is what the candidates of one tier in one segment share.
 */
export type VisitCandidate<Context> = (
  context: Context,
  document: number,
  minProximity: number,
  bm25: number,
) => void;

/**
 * Documents whose exact proximity has to be read, which costs about a microsecond each. They wait
 * here, so that those with the highest upper bounds are read first: these raise the minimal
 * competitive score, and most of the others need not be read then.
 */
export class Candidates<Context> {
  readonly #contexts: Context[] = [];
  #size = 0;
  /** The best tier that documents of the search may be in. */
  #firstTier = 0;
  readonly #contextIndexes = new Uint16Array(MAX_CANDIDATES);
  readonly #documents = new Uint16Array(MAX_CANDIDATES);
  readonly #minProximities = new Uint8Array(MAX_CANDIDATES);
  readonly #bm25s = new Float64Array(MAX_CANDIDATES);
  readonly #buckets = new Uint16Array(MAX_CANDIDATES);
  readonly #order = new Uint16Array(MAX_CANDIDATES);
  readonly #ends = new Uint32Array(BUCKETS);
  // The buckets in use.
  #first = BUCKETS;
  #last = 0;

  get size(): number {
    return this.#size;
  }

  /** Begins a search whose best documents are in this tier. None may be waiting. */
  begin(firstTier: number): void {
    this.#firstTier = firstTier;
  }

  /**
   * Adds a document with the upper bound of its score. There must be room: fewer than
   * MAX_CANDIDATES.
   */
  add(
    context: Context,
    document: number,
    minProximity: number,
    bm25: number,
    maxScore: number,
  ): void {
    if (this.#contexts.at(-1) !== context) this.#contexts.push(context);
    const at = this.#size++;
    this.#contextIndexes[at] = this.#contexts.length - 1;
    this.#documents[at] = document;
    this.#minProximities[at] = minProximity;
    this.#bm25s[at] = bm25;
    const bucket = this.#bucketOf(maxScore);
    this.#buckets[at] = bucket;
    if (bucket < this.#first) this.#first = bucket;
    if (bucket > this.#last) this.#last = bucket;
  }

  /**
   * Removes all candidates, and visits those whose upper bounds reach what is competitive by then,
   * in about the descending order of these bounds.
   */
  drain(competition: { minCompetitiveScore: number }, visit: VisitCandidate<Context>): void {
    this.#sort();
    const size = this.#size;
    for (let i = 0; i < size; i++) {
      const at = this.#order[i] as number;
      if ((this.#buckets[at] as number) > this.#bucketOf(competition.minCompetitiveScore)) break;
      const context = this.#contexts[this.#contextIndexes[at] as number] as Context;
      visit(
        context,
        this.#documents[at] as number,
        this.#minProximities[at] as number,
        this.#bm25s[at] as number,
      );
    }
    this.#size = 0;
    this.#contexts.length = 0;
    this.#first = BUCKETS;
    this.#last = 0;
  }

  /** A counting sort by bucket. */
  #sort(): void {
    const ends = this.#ends.fill(0, this.#first, this.#last + 1);
    for (let at = 0; at < this.#size; at++) {
      const bucket = this.#buckets[at] as number;
      ends[bucket] = (ends[bucket] as number) + 1;
    }
    for (let bucket = this.#first + 1; bucket <= this.#last; bucket++) {
      ends[bucket] = (ends[bucket] as number) + (ends[bucket - 1] as number);
    }
    for (let at = this.#size - 1; at >= 0; at--) {
      const bucket = this.#buckets[at] as number;
      const end = (ends[bucket] as number) - 1;
      ends[bucket] = end;
      this.#order[end] = at;
    }
  }

  /** The number of the bucket of a score: 0 is that of the best one. */
  #bucketOf(score: number): number {
    const steps = (1 - score) * SCORE_STEPS - this.#firstTier * TIER;
    return Math.max(0, Math.min(BUCKETS - 1, Math.floor(steps * BM25_STEPS)));
  }
}
