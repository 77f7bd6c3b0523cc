import { parseQuery, type Query, type QueryWord } from './query.parser.ts';
import { FAR, FEW_HITS, idf, impact, score, typos, typosAllowed, UNIT } from './ranking.ts';
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

  search({ keyword, userId, limit, offset }: SearchRequest): SearchResult {
    const query = parseQuery(keyword);
    let hits = this.#hits(query, userId, false);
    if (hits.length < FEW_HITS) hits = this.#hits(query, userId, true);
    hits.sort((a, b) => b.score - a.score || b.id - a.id);
    return { total: hits.length, hits: hits.slice(offset, offset + limit) };
  }

  #hits(query: Query, userId: string | undefined, withTypos: boolean): Hit[] {
    if (query.words.length === 0) return [];
    const idfs = query.words.map((word) => this.#idf(word.term));
    const hits: Hit[] = [];
    for (const [id, document] of this.#documents) {
      if (userId !== undefined && document.userId !== userId) continue;
      if (!query.phrases.every((phrase) => contains(document.terms, phrase))) continue;
      if (query.excluded.some((phrase) => contains(document.terms, phrase))) continue;
      const found = rate(query.words, idfs, document.terms, withTypos);
      if (found !== undefined) hits.push({ id, score: found });
    }
    return hits;
  }

  #idf(term: string): number {
    const documents = [...this.#documents.values()];
    return idf(documents.length, documents.filter((document) => document.terms.includes(term)).length);
  }
}

function contains(terms: string[], phrase: string[]): boolean {
  return terms.some((_, start) => phrase.every((term, i) => terms[start + i] === term));
}

function rate(words: QueryWord[], idfs: number[], terms: string[], withTypos: boolean): number | undefined {
  const costs = words.map((word) => terms.map((term) => costOf(word, term, withTypos)));
  const best = costs.map((row) => Math.min(...row, Number.POSITIVE_INFINITY));
  const places = costs.map((row, i) => [...row.keys()].filter((at) => row[at] === best[i]));
  if (best.includes(Number.POSITIVE_INFINITY)) return undefined;

  const typed = best.filter((cost) => cost >= 1).reduce((sum, cost) => sum + cost, 0);
  const tier = typed > 0 ? 1 + typed : Math.ceil(Math.max(...best));
  let bm25 = 0;
  words.forEach((word, i) => {
    const frequency = terms.filter((term) => term === word.term).length;
    bm25 += frequency > 0 ? (idfs[i] ?? 0) * impact(frequency, terms.length) : UNIT * impact(1, terms.length);
  });
  let proximity = 0;
  for (let i = 1; i < words.length; i++) proximity += gap(places[i - 1] ?? [], places[i] ?? []);
  return score(tier, proximity, bm25);
}

const PREFIX = 0.5;

/** 0 for the very word, PREFIX for a longer one, the typos for a similar one, Infinity for another. */
function costOf(word: QueryWord, term: string, withTypos: boolean): number {
  if (term === word.term) return 0;
  if (word.prefix && term.startsWith(word.term)) return PREFIX;
  if (!withTypos || word.exact) return Number.POSITIVE_INFINITY;
  const allowed = typosAllowed([...word.term].length);
  return allowed > 0 ? typos(word.term, term, allowed) : Number.POSITIVE_INFINITY;
}

function gap(left: number[], right: number[]): number {
  const gaps = left.flatMap((p) => right.filter((q) => q !== p).map((q) => (q > p ? q - p - 1 : p - q)));
  return Math.min(FAR, ...gaps);
}
