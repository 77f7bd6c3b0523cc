import { editDistance } from './edit.distance.ts';
import type { Query, QueryWord } from './query.parser.ts';
import {
  FEW_HITS,
  hasDigit,
  idf,
  impact,
  MAX_EXPANSIONS,
  MAX_FUZZY_WORDS,
  MAX_GAP,
  maxEditDistance,
  packScore,
  WEIGHT_PER_IMPACT,
} from './ranking.ts';
import type { Hit, SearchEngine, SearchRequest, SearchResult } from './search.engine.ts';
import { termsOf } from './tokenizer.ts';

interface Document {
  terms: string[];
  userId: string | null;
}

/** By word of the query, the similar terms with their edit distances. */
type Similar = Map<string, number>[];

/**
 * Reads every document for every query: the plainest code that keeps what ranking.ts promises. It
 * is the specification that the inverted index is tested against.
 */
export class BruteForceEngine implements SearchEngine {
  readonly #documents = new Map<number, Document>();

  get size(): number {
    return this.#documents.size;
  }

  add(id: number, quote: string, userId: string | null): void {
    this.#documents.set(id, { terms: termsOf(quote), userId });
  }

  delete(id: number): void {
    this.#documents.delete(id);
  }

  search({ query, userId, limit, offset }: SearchRequest): SearchResult {
    let similar: Similar = query.words.map(() => new Map());
    let hits = this.#hits(query, userId, similar);
    const withTypos = hits.length < FEW_HITS && query.words.some(mayHaveTypo);
    if (withTypos) {
      similar = this.#similar(query.words);
      hits = this.#hits(query, userId, similar);
    }
    hits.sort((a, b) => b.score - a.score || b.id - a.id);
    return {
      total: hits.length,
      hits: hits.slice(offset, offset + limit),
      withTypos,
      similar: similar.map((terms) => [...terms.keys()]),
    };
  }

  #hits(query: Query, userId: string | undefined, similar: Similar): Hit[] {
    if (query.words.length === 0) return [];
    const idfs = query.words.map(({ term }) => idf(this.size, this.#documentFrequency(term)));
    const hits: Hit[] = [];
    for (const [id, document] of this.#documents) {
      if (userId !== undefined && document.userId !== userId) continue;
      if (!query.phrases.every((phrase) => contains(document.terms, phrase))) continue;
      if (query.excluded.some((phrase) => contains(document.terms, phrase))) continue;
      const score = scoreOf(query.words, idfs, document.terms, similar);
      if (score !== undefined) hits.push({ id, score });
    }
    return hits;
  }

  #similar(words: QueryWord[]): Similar {
    const fuzzy = words
      .map((word) => ({ word, documents: this.#documentFrequency(word.term) }))
      .filter(({ word }) => mayHaveTypo(word))
      .sort((a, b) => a.documents - b.documents)
      .slice(0, MAX_FUZZY_WORDS)
      .map(({ word }) => word);
    return words.map((word) => (fuzzy.includes(word) ? this.#expand(word) : new Map()));
  }

  #expand(word: QueryWord): Map<string, number> {
    const maxDistance = maxEditDistance([...word.term].length);
    const terms = new Set([...this.#documents.values()].flatMap((document) => document.terms));
    const near = [...terms]
      .filter((term) => term !== word.term && !hasDigit(term))
      .filter((term) => !(word.prefix && term.startsWith(word.term)))
      .map((term) => ({ term, distance: editDistance(word.term, term, maxDistance) }))
      .filter(({ distance }) => distance <= maxDistance)
      .map((near) => ({ ...near, documents: this.#documentFrequency(near.term) }));
    near.sort((a, b) => (a.term < b.term ? -1 : 1));
    near.sort((a, b) => a.distance - b.distance || b.documents - a.documents);
    return new Map(near.slice(0, MAX_EXPANSIONS).map(({ term, distance }) => [term, distance]));
  }

  #documentFrequency(term: string): number {
    return [...this.#documents.values()].filter(({ terms }) => terms.includes(term)).length;
  }
}

function mayHaveTypo({ term, exact }: QueryWord): boolean {
  return !exact && !hasDigit(term) && maxEditDistance([...term].length) > 0;
}

function contains(terms: string[], phrase: string[]): boolean {
  return terms.some((_, start) => phrase.every((term, i) => terms[start + i] === term));
}

/** The score of a document; undefined when it lacks a word. */
function scoreOf(words: QueryWord[], idfs: number[], terms: string[], similar: Similar) {
  const costs = words.map((word, i) => terms.map((term) => costOf(word, term, similar[i])));
  const best = costs.map((row) => Math.min(...row, Number.POSITIVE_INFINITY));
  const positions = costs.map((row, i) => [...row.keys()].filter((at) => row[at] === best[i]));
  if (best.includes(Number.POSITIVE_INFINITY)) return undefined;

  const edits = best.filter((cost) => cost >= 1).reduce((sum, cost) => sum + cost, 0);
  const tier = edits > 0 ? 1 + edits : Math.ceil(Math.max(...best));
  let bm25 = 0;
  words.forEach((word, i) => {
    const frequency = terms.filter((term) => term === word.term).length;
    const weight = frequency > 0 ? (idfs[i] as number) : WEIGHT_PER_IMPACT;
    bm25 += weight * impact(Math.max(1, frequency), terms.length);
  });
  let proximity = 0;
  for (let i = 1; i < words.length; i++) {
    proximity += gap(positions[i - 1] as number[], positions[i] as number[]);
  }
  return packScore(tier, proximity, bm25);
}

const PREFIX_COST = 0.5;

/**
 * What it costs to match the word by the term: 0 for the word itself, PREFIX_COST, an edit
 * distance, or Infinity.
 */
function costOf(word: QueryWord, term: string, similar?: Map<string, number>): number {
  if (term === word.term) return 0;
  if (word.prefix && term.startsWith(word.term)) return PREFIX_COST;
  return similar?.get(term) ?? Number.POSITIVE_INFINITY;
}

function gap(left: number[], right: number[]): number {
  let smallest = MAX_GAP;
  for (const p of left)
    for (const q of right) if (q !== p) smallest = Math.min(smallest, q > p ? q - p - 1 : p - q);
  return smallest;
}
