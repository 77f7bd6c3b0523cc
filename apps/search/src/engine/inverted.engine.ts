import { hasBit } from './bitmap.ts';
import { isForgivable, QueryMatcher } from './query.matcher.ts';
import type { Query } from './query.parser.ts';
import { FEW_HITS } from './ranking.ts';
import type { SearchEngine, SearchRequest, SearchResult } from './search.engine.ts';
import { sealSegment } from './segment.builder.ts';
import { type Document, MAX_TOKENS, SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { mergeSegments } from './segment.merge.ts';
import { findLive, kill, readTokens } from './segment.reader.ts';
import { SegmentSearch } from './segment.search.ts';
import {
  DOCUMENTS_A_CHUNK,
  encodeDocuments,
  encodeHeader,
  encodeStrings,
  SNAPSHOT_VERSION,
  SnapshotDecoder,
} from './snapshot.codec.ts';
import { TermTable } from './term.table.ts';
import { termsOf } from './tokenizer.ts';
import { TopHits } from './top.hits.ts';

/** New documents that are read one by one before they are sealed into a segment. */
const TAIL_DOCUMENTS = SEGMENT_DOCUMENTS / 64;

/** As soon as `count` segments have at most `limit` tails of live documents each, they become one. */
const MERGES = [
  { limit: 1, count: 8 },
  { limit: 8, count: 8 },
  { limit: 32, count: 2 },
];

/** The user number of a quote without one. */
const NOBODY = '';

/**
 * The inverted index: a short tail of new documents that are read one by one, and sealed segments of up to 65,536 documents, small ones being merged into larger
 * ones as they come. docs/search.md draws it. Keeps exactly the order and the totals that ranking.ts defines and BruteForceEngine computes.
 */
export class InvertedEngine implements SearchEngine {
  readonly #table = new TermTable();
  readonly #users = new Map([[NOBODY, 0]]);
  readonly #userIds = [NOBODY];
  readonly #tail = new Map<number, Document>();
  readonly #segmentSearch = new SegmentSearch(this.#table);
  readonly #tokens = new Uint32Array(MAX_TOKENS);
  #segments: Segment[] = [];
  #size = 0;
  #accepted = new Uint32Array(0);
  readonly #tailDocuments: number;
  #isFilling = false;

  /** Tests make `tailDocuments` small, to see many segments and merges of few documents. */
  constructor(tailDocuments = TAIL_DOCUMENTS) {
    this.#tailDocuments = tailDocuments;
  }

  get size(): number {
    return this.#size;
  }

  /** Set while the index is first filled and nobody searches it: full segments are then built at once, instead of being merged from small ones. */
  set isFilling(isFilling: boolean) {
    this.#isFilling = isFilling;
    this.#sealFullTail();
  }

  /** Distinct words met. */
  get terms(): number {
    return this.#table.size;
  }

  /** Bytes of the sealed segments, which hold nearly all there is. */
  get bytes(): number {
    let sum = 0;
    for (const segment of this.#segments) {
      for (const array of Object.values(segment)) sum += ArrayBuffer.isView(array) ? array.byteLength : 0;
    }
    return sum;
  }

  /** Ids of all quotes, in no order. */
  *ids(): Generator<number> {
    yield* this.#tail.keys();
    for (const segment of this.#segments) {
      for (const document of segment.byId) if (hasBit(segment.live, document)) yield segment.ids[document] as number;
    }
  }

  /** Who signed a quote, null when nobody did; undefined when there is no such quote. */
  userOf(id: number): string | null | undefined {
    const user = this.#tail.get(id)?.user ?? this.#sealedUserOf(id);
    return user === undefined ? undefined : this.#userIds[user] || null;
  }

  add(id: number, quote: string, userId: string | null): void {
    this.delete(id);
    const words = termsOf(quote);
    const terms = new Uint32Array(Math.min(words.length, MAX_TOKENS));
    for (let i = 0; i < terms.length; i++) terms[i] = this.#table.intern(words[i] as string);
    this.#tail.set(id, { id, user: this.#internUser(userId ?? NOBODY), terms });
    this.#count(terms, terms.length, 1);
    this.#sealFullTail();
  }

  delete(id: number): void {
    const recent = this.#tail.get(id);
    if (recent) {
      this.#tail.delete(id);
      this.#count(recent.terms, recent.terms.length, -1);
      return;
    }
    for (const segment of this.#segments) {
      const document = findLive(segment, id);
      if (document === undefined) continue;
      kill(segment, document);
      this.#count(this.#tokens, readTokens(segment, document, this.#tokens), -1);
      return;
    }
  }

  /**
   * The whole index as chunks for restore(). The engine may change while they are taken: what is added meanwhile is left out, what is deleted may
   * or may not be.
   */
  *snapshot(): Generator<Uint8Array> {
    if (this.#tail.size > 0) this.#seal();
    const segments = [...this.#segments];
    const { texts, numbers } = this.#table.byFrequency();
    yield encodeHeader({ version: SNAPSHOT_VERSION, users: this.#userIds.length, terms: texts.length });
    yield* encodeStrings(this.#userIds);
    yield* encodeStrings(texts);
    for (const segment of segments) yield* encodeDocuments(segment, numbers);
  }

  /** Fills this engine, which must be empty, from the chunks of a snapshot. @throws Error when they are of another version */
  async restore(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const decoder = new SnapshotDecoder(
      (userId) => this.#internUser(userId),
      (term) => this.#table.intern(term),
    );
    let documents: Document[] = [];
    for await (const chunk of chunks) {
      documents.push(...decoder.push(chunk));
      if (documents.length + DOCUMENTS_A_CHUNK <= SEGMENT_DOCUMENTS) continue;
      this.#restoreSegment(documents);
      documents = [];
    }
    if (documents.length > 0) this.#restoreSegment(documents);
  }

  #restoreSegment(documents: Document[]): void {
    this.#table.sort();
    const segment = sealSegment(documents, this.#table);
    segment.terms.forEach((term, i) => {
      this.#table.add(term, (segment.offsets[i + 1] as number) - (segment.offsets[i] as number));
    });
    this.#size += segment.size;
    this.#addSegment(segment);
  }

  search({ query, userId, limit, offset }: SearchRequest): SearchResult {
    const user = userId === undefined ? undefined : this.#users.get(userId);
    if (userId !== undefined && user === undefined) return { total: 0, hits: [], similar: query.words.map(() => []) };
    let found = this.#find(query, user, limit + offset, false);
    if (found.total < FEW_HITS && query.words.some(isForgivable)) found = this.#find(query, user, limit + offset, true);
    return { total: found.total, hits: found.top.take(offset), similar: found.similar };
  }

  #find(query: Query, user: number | undefined, wanted: number, withTypos: boolean) {
    const top = new TopHits(wanted);
    if (this.#accepted.length < this.#table.size) this.#accepted = new Uint32Array(2 * this.#table.size);
    const matcher = new QueryMatcher(query, this.#table, this.#size, withTypos, this.#accepted);
    let total = 0;
    if (matcher.possible) {
      total += this.#searchTail(matcher, user, top);
      // The newest first: they win ties, so that more of the others need no look.
      for (const segment of this.#segments.toReversed()) {
        total += this.#segmentSearch.search(segment, matcher, user, top);
      }
    }
    matcher.release();
    const similar = matcher.words.map((word) => Array.from(word.similar.keys(), (term) => this.#table.text(term)));
    return { total, top, similar };
  }

  #searchTail(matcher: QueryMatcher, user: number | undefined, top: TopHits): number {
    let total = 0;
    for (const [id, document] of this.#tail) {
      if (user !== undefined && document.user !== user) continue;
      const rating = matcher.match(document.terms, document.terms.length);
      if (rating < 0) continue;
      total++;
      if (rating >= top.worst) top.offer(id, rating);
    }
    return total;
  }

  #sealedUserOf(id: number): number | undefined {
    for (const segment of this.#segments) {
      const document = findLive(segment, id);
      if (document !== undefined) return segment.users[document];
    }
    return undefined;
  }

  #internUser(userId: string): number {
    const known = this.#users.get(userId);
    if (known !== undefined) return known;
    this.#users.set(userId, this.#userIds.length);
    return this.#userIds.push(userId) - 1;
  }

  /** Counts a document in or out: `change` is 1 or -1. */
  #count(terms: Uint32Array, length: number, change: number): void {
    this.#size += change;
    for (let i = 0; i < length; i++) {
      const term = terms[i] as number;
      if (terms.indexOf(term) === i) this.#table.add(term, change);
    }
  }

  #sealFullTail(): void {
    if (this.#tail.size >= (this.#isFilling ? SEGMENT_DOCUMENTS : this.#tailDocuments)) this.#seal();
  }

  /** Turns the tail into a segment. */
  #seal(): void {
    this.#table.sort();
    this.#addSegment(sealSegment([...this.#tail.values()], this.#table));
    this.#tail.clear();
  }

  /** Merges what becomes mergeable by the new one. */
  #addSegment(segment: Segment): void {
    this.#segments.push(segment);
    for (const { limit, count } of MERGES) {
      const small = this.#segments.filter((segment) => segment.liveCount <= limit * this.#tailDocuments);
      if (small.length < count) continue;
      const sources = small.slice(0, count);
      const kept = this.#segments.filter((segment) => !sources.includes(segment));
      this.#segments = [...kept, mergeSegments(sources, this.#table)].sort((a, b) => newest(a) - newest(b));
    }
  }
}

function newest(segment: Segment): number {
  const last = segment.byId.at(-1);
  return last === undefined ? 0 : (segment.ids[last] as number);
}
