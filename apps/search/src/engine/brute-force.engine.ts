import type { Query, QueryWord } from './query.parser.ts';
import { FAR, FEW_HITS, idf, impact, score, TYPO_TERMS, TYPO_WORDS, typos, typosAllowed, UNIT } from './ranking.ts';
import type { Hit, SearchEngine, SearchRequest, SearchResult } from './search.engine.ts';
import { termsOf } from './tokenizer.ts';

interface Document {
  terms: string[];
  userId: string | null;
}

/** Reads every document for every query: the plainest code that keeps the ranking's promises, and the oracle of the real engine's tests. */
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
    let similar: Map<string, number>[] = query.words.map(() => new Map());
    let hits = this.#hits(query, userId, similar);
    if (hits.length < FEW_HITS) {
      similar = this.#similar(query.words);
      hits = this.#hits(query, userId, similar);
    }
    hits.sort((a, b) => b.score - a.score || b.id - a.id);
    return {
      total: hits.length,
      hits: hits.slice(offset, offset + limit),
      similar: similar.map((terms) => [...terms.keys()]),
    };
  }

  #hits(query: Query, userId: string | undefined, similar: Map<string, number>[]): Hit[] {
    if (query.words.length === 0) return [];
    const idfs = query.words.map((word) => idf(this.#documents.size, this.#holding(word.term)));
    const hits: Hit[] = [];
    for (const [id, document] of this.#documents) {
      if (userId !== undefined && document.userId !== userId) continue;
      if (!query.phrases.every((phrase) => contains(document.terms, phrase))) continue;
      if (query.excluded.some((phrase) => contains(document.terms, phrase))) continue;
      const found = rate(query.words, idfs, document.terms, similar);
      if (found !== undefined) hits.push({ id, score: found });
    }
    return hits;
  }

  /** By word, the terms that it is taken for, with their typos. */
  #similar(words: QueryWord[]): Map<string, number>[] {
    const allowed = words.map(({ term, exact }) => (exact ? 0 : typosAllowed([...term].length)));
    const counts = words.map(({ term }) => this.#holding(term));
    const forgiven = [...words.keys()]
      .filter((i) => (allowed[i] as number) > 0)
      .sort((a, b) => (counts[a] as number) - (counts[b] as number))
      .slice(0, TYPO_WORDS);
    const terms = new Set([...this.#documents.values()].flatMap((document) => document.terms));
    return words.map((word, i) => {
      if (!forgiven.includes(i)) return new Map();
      const near = [...terms]
        .filter((term) => term !== word.term && !(word.prefix && term.startsWith(word.term)))
        .map((term) => ({ term, typos: typos(word.term, term, allowed[i] as number), documents: this.#holding(term) }))
        .filter(({ typos }) => typos < Number.POSITIVE_INFINITY)
        .sort((a, b) => a.typos - b.typos || b.documents - a.documents || (a.term < b.term ? -1 : 1));
      return new Map(near.slice(0, TYPO_TERMS).map(({ term, typos }) => [term, typos]));
    });
  }

  /** Documents that hold the term. */
  #holding(term: string): number {
    return [...this.#documents.values()].filter((document) => document.terms.includes(term)).length;
  }
}

function contains(terms: string[], phrase: string[]): boolean {
  return terms.some((_, start) => phrase.every((term, i) => terms[start + i] === term));
}

function rate(words: QueryWord[], idfs: number[], terms: string[], similar: Map<string, number>[]): number | undefined {
  const costs = words.map((word, i) => terms.map((term) => costOf(word, term, similar[i])));
  const best = costs.map((row) => Math.min(...row, Number.POSITIVE_INFINITY));
  const places = costs.map((row, i) => [...row.keys()].filter((at) => row[at] === best[i]));
  if (best.includes(Number.POSITIVE_INFINITY)) return undefined;

  const typed = best.filter((cost) => cost >= 1).reduce((sum, cost) => sum + cost, 0);
  const tier = typed > 0 ? 1 + typed : Math.ceil(Math.max(...best));
  let bm25 = 0;
  words.forEach((word, i) => {
    const frequency = terms.filter((term) => term === word.term).length;
    bm25 += frequency > 0 ? (idfs[i] as number) * impact(frequency, terms.length) : UNIT * impact(1, terms.length);
  });
  let proximity = 0;
  for (let i = 1; i < words.length; i++) proximity += gap(places[i - 1] ?? [], places[i] ?? []);
  return score(tier, proximity, bm25);
}

const PREFIX = 0.5;

/** 0 for the very word, PREFIX for a longer one, the typos for a similar one, Infinity for another. */
function costOf(word: QueryWord, term: string, similar?: Map<string, number>): number {
  if (term === word.term) return 0;
  if (word.prefix && term.startsWith(word.term)) return PREFIX;
  return similar?.get(term) ?? Number.POSITIVE_INFINITY;
}

function gap(left: number[], right: number[]): number {
  const gaps = left.flatMap((p) => right.filter((q) => q !== p).map((q) => (q > p ? q - p - 1 : p - q)));
  return Math.min(FAR, ...gaps);
}
