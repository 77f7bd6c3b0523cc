import { bisect } from './bisect.ts';
import { type Bitmap, createBitmap, fullBitmap, hasBit, setBit } from './bitmap.ts';
import { assert, DEBUG_ASSERTIONS } from './debug.assertions.ts';
import type { BatchBuilder } from './document.batch.ts';
import { FIELD_BOUNDARY, fieldsOf, textLength } from './document.fields.ts';
import { FacetCounter } from './facet.counter.ts';
import type { NameCount, NamePage, NameRange } from './name.table.ts';
import { QueryMatcher, type SimilarTerms, similarTerms } from './query.matcher.ts';
import { parseQuery, type Query, type QueryWord } from './query.parser.ts';
import { correct, dispensableWords, splitsAndJoins, withoutWords } from './query.rewriter.ts';
import { buildColumns, rowAt } from './quote.columns.ts';
import { NO_DETAILS } from './quote.details.ts';
import { QuoteNames } from './quote.names.ts';
import {
  Matches,
  matchesIn,
  type NumberFilters,
  type QuoteSet,
  type SelectionRequest,
  type SelectionResult,
} from './quote.selection.ts';
import { FEW_HITS, FORGIVEN_TIER, RELAXED_TIER } from './ranking.ts';
import {
  type Correction,
  nothingFound,
  type SearchEngine,
  type SearchRequest,
  type SearchResult,
} from './search.engine.ts';
import { buildSegment, buildSegmentOf } from './segment.builder.ts';
import type { Document, Segment } from './segment.layout.ts';
import { MAX_DOCUMENT_TOKENS, MAX_SEGMENT_DOCUMENTS } from './segment.layout.ts';
import { mergeSegments } from './segment.merge.ts';
import { findLive, markDeleted, readTokens, unmarkDeleted } from './segment.reader.ts';
import { SegmentSearch, type VisitMatches } from './segment.search.ts';
import {
  encodeDocuments,
  encodeStrings,
  MAX_CHUNK_DOCUMENTS,
  SnapshotDecoder,
} from './snapshot.codec.ts';
import { StemExpansion } from './stem.expansion.ts';
import { TermTable } from './term.table.ts';
import { tokenize } from './tokenizer.ts';
import { TopHits } from './top.hits.ts';
import { type Completion, type QuotesFound, WordCompletion } from './word.completion.ts';
import { OTHER_LANGUAGE, stemmedLanguage } from './word.stems.ts';
import { WriteBuffer } from './write.buffer.ts';

/**
 * Those of the write buffer that may match are read one by one: more of them would take longer than
 * the search of a segment. Every flush gives all terms their ordinals anew.
 */
const MAX_BUFFERED_DOCUMENTS = MAX_SEGMENT_DOCUMENTS / 256;

/**
 * Tiers of segments by their live documents, counted in write buffers: up to `maxBuffers`, and more
 * than the tier before. As soon as a tier has `segments` of them, they are merged.
 */
const MERGE_POLICY = [
  { maxBuffers: 1, segments: 8 },
  { maxBuffers: 8, segments: 8 },
  { maxBuffers: 64, segments: 4 },
  { maxBuffers: 128, segments: 2 },
];

/**
 * Terms that no live document holds are forgotten as soon as there are more of them than of the
 * others, and than this.
 */
const MAX_DEAD_TERMS = 65_536;

/** Which names of quotes to list. */
export interface NamesRequest extends NameRange {
  kind: 'authors' | 'tags';
}

/** What to complete. */
export interface SuggestRequest {
  /** Within the bounds of queryExcess(), read as a query. */
  prefix: string;
  /** The most authors, and the most completions. */
  limit: number;
}

/** What a beginning may become. */
export interface Suggestions {
  /** Names that have it, see NameTable.startingWith(). */
  authors: NameCount[];
  /** Where the last word begins in the prefix, which the completions stand for. */
  start: number;
  /** Empty when the prefix does not end in a word, or in one that is quoted or excluded. */
  completions: Completion[];
}

/** What a search wants of the documents that match: their number, the best, and their facets. */
interface Wanted {
  /** Undefined lets all documents pass. */
  filters: NumberFilters | undefined;
  top: TopHits;
  counter?: FacetCounter | undefined;
}

/**
 * The inverted index: a write buffer of new documents, which are found by their words, and segments
 * of up to MAX_SEGMENT_DOCUMENTS documents, small ones being merged into larger ones as they come.
 * docs/search-index.md draws it. It keeps exactly the order and the totals that ranking.ts defines
 * and BruteForceEngine computes.
 */
export class InvertedEngine implements SearchEngine {
  readonly #table = new TermTable();
  readonly #names = new QuoteNames();
  readonly #maxBufferedDocuments: number;
  readonly #maxDeadTerms: number;
  readonly #writeBuffer = new WriteBuffer();
  #segments: Segment[] = [];
  #size = 0;
  #isFilling = false;
  readonly #stems = new StemExpansion(this.#table);
  /** Documents of the write buffer that the search found before. */
  readonly #hidden = new Set<Document>();
  readonly #segmentSearch = new SegmentSearch(this.#table);
  readonly #completion = new WordCompletion(this.#table);
  // Scratch memory: of deletions, and of searches (see QueryMatcher).
  readonly #tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  #wordsByTerm = new Uint32Array(0);

  /**
   * @param maxBufferedDocuments small in tests, so that few documents make many segments and merges
   * @param maxDeadTerms small in tests, so that few changes make terms be forgotten
   */
  constructor(maxBufferedDocuments = MAX_BUFFERED_DOCUMENTS, maxDeadTerms = MAX_DEAD_TERMS) {
    this.#maxBufferedDocuments = maxBufferedDocuments;
    this.#maxDeadTerms = maxDeadTerms;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Set while the index is first filled and nobody searches it: the write buffer then grows to a
   * full segment, which is quicker than merging small ones.
   */
  set isFilling(isFilling: boolean) {
    this.#isFilling = isFilling;
    this.#flushFullBuffer();
  }

  /** How many different terms it holds, those included that no live document holds. */
  get terms(): number {
    return this.#table.liveCount + this.#table.deadCount;
  }

  /** Bytes of the segments, which take nearly all memory of the index. */
  get bytes(): number {
    let sum = 0;
    for (const segment of this.#segments) {
      for (const array of Object.values(segment)) {
        sum += ArrayBuffer.isView(array) ? array.byteLength : 0;
      }
    }
    return sum;
  }

  /** The ids of all quotes, in no particular order. */
  *ids(): Generator<number> {
    for (const { id } of this.#writeBuffer.values()) yield id;
    for (const { byId, ids, liveDocs } of this.#segments) {
      for (const document of byId) if (hasBit(liveDocs, document)) yield ids[document] as number;
    }
  }

  /** The checksum that a quote was added with; undefined when there is no such quote. */
  checksumOf(id: number): number | undefined {
    const buffered = this.#writeBuffer.get(id);
    if (buffered) return buffered.checksum;
    for (const segment of this.#segments) {
      const document = findLive(segment, id);
      if (document !== undefined) return segment.checksums[document];
    }
    return undefined;
  }

  add(id: number, quote: string, userId: string | null, details = NO_DETAILS): void {
    this.delete(id);
    const terms = this.#termsOf(fieldsOf(quote, details));
    const row = this.#names.addRow(quote, userId, details);
    this.#writeBuffer.add({ id, ...row, terms, length: textLength(terms) });
    this.#countDocument(terms, terms.length, 1, row.lang);
    this.#flushFullBuffer();
    this.#forgetDeadTerms();
  }

  delete(id: number): void {
    const buffered = this.#writeBuffer.get(id);
    if (buffered) {
      this.#writeBuffer.delete(buffered);
      this.#names.countRow(buffered, -1);
      this.#countDocument(buffered.terms, buffered.terms.length, -1, buffered.lang);
      return;
    }
    for (const segment of this.#segments) {
      const document = findLive(segment, id);
      if (document === undefined) continue;
      markDeleted(segment, document);
      this.#names.countRow(rowAt(segment, document), -1);
      const length = readTokens(segment, document, this.#tokens);
      this.#countDocument(this.#tokens, length, -1, segment.langs[document] as number);
      return;
    }
  }

  /**
   * The whole index as chunks for restore(). The engine may change while they are taken: what is
   * added meanwhile is left out, what is deleted may or may not be.
   */
  *snapshot(): Generator<Uint8Array> {
    if (this.#writeBuffer.size > 0) this.#flush();
    const segments = [...this.#segments];
    const { users, authors, tags } = this.#names;
    const lists = {
      users: users.byFrequency(),
      authors: authors.byFrequency(),
      tags: tags.byFrequency(),
      terms: this.#table.byFrequency(),
    };
    yield* encodeStrings(lists);
    for (const segment of segments) yield* encodeDocuments(segment, lists);
  }

  /** Fills this engine, which must be empty, from the chunks of a snapshot. */
  async restore(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const { users, authors, tags } = this.#names;
    const decoder = new SnapshotDecoder({ users, authors, tags, terms: this.#table });
    const { batch } = decoder;
    for await (const chunk of chunks) {
      decoder.push(chunk);
      if (batch.size + MAX_CHUNK_DOCUMENTS > MAX_SEGMENT_DOCUMENTS) this.#restoreSegment(batch);
    }
    if (batch.size > 0) this.#restoreSegment(batch);
    this.#names.sort();
  }

  search({ query, filters = {}, facets, limit, offset }: SearchRequest): SearchResult {
    const isFiltered = Object.values(filters).some((filter) => filter !== undefined);
    const numbers = isFiltered ? this.#names.numbersOf(filters) : undefined;
    // What was found is left out of what is tried next: as long as it is few, all of it is here.
    const top = new TopHits(Math.max(limit + offset, FEW_HITS));
    const counter = facets && new FacetCounter(facets, this.#names);
    const result = nothingFound(query);
    if (!isFiltered || numbers !== undefined) {
      this.#stems.begin();
      result.inflected = this.#inflected(query);
      const wanted = { filters: numbers, top, counter };
      result.total = this.#find(query, wanted);
      if (result.total < FEW_HITS && this.#mayForgive(query, wanted)) {
        this.#forgive(query, wanted, result);
      }
    }
    result.hits = top.take(offset).slice(0, limit);
    result.facets = counter?.facets();
    return result;
  }

  /**
   * Whether other ways may find more: all of them keep the phrases, which nothing may hold.
   */
  #mayForgive(query: Query, wanted: Wanted): boolean {
    const free = query.words.filter(({ exact }) => !exact);
    if (free.length === 0 || free.length === query.words.length) return free.length > 0;
    return this.#find(withoutWords(query, free), onlyTotal(wanted)) > 0;
  }

  /** Tries the query in other ways, as ranking.ts says, and adds what they find to the result. */
  #forgive(query: Query, wanted: Wanted, result: SearchResult): void {
    const strictTotal = result.total;
    for (const { query: rewritten, ...correction } of splitsAndJoins(query, this.#frequencyOf)) {
      const found = this.#findMore(rewritten, wanted, new Map(), FORGIVEN_TIER);
      if (found > 0) result.rewritings.push(correction);
      result.total += found;
      if (result.total >= FEW_HITS) break;
    }
    result.corrections = result.rewritings.slice(0, strictTotal === 0 ? 1 : 0);
    if (result.total >= FEW_HITS) return;
    const withoutTypos = result.total;
    const near = this.#addSimilar(query, wanted, result, false);
    const similar = result.total === 0 ? this.#addSimilar(query, wanted, result, true) : near;
    let dropped: QueryWord[] = [];
    if (result.total === 0) {
      dropped = this.#dropped(query, wanted, near, similar);
      const rest = withoutWords(query, dropped);
      result.total += this.#find(rest, wanted, similar, RELAXED_TIER);
    }
    if (result.total === 0) return;
    result.relaxed = dropped.map(({ term }) => term);
    if (result.total === withoutTypos) return;
    const corrections = this.#corrections(query, dropped, wanted, withoutTypos, similar);
    if (corrections.length > 0) result.corrections = corrections;
  }

  /** Adds what similar terms find to the result. Returns these terms. */
  #addSimilar(
    query: Query,
    wanted: Wanted,
    result: SearchResult,
    isLastResort: boolean,
  ): SimilarTerms {
    const similar = similarTerms(query.words, this.#table, isLastResort);
    result.withTypos = similar.size > 0;
    result.similar = query.words.map((word) => {
      return Array.from(similar.get(word)?.keys() ?? [], (term) => this.#table.text(term));
    });
    if (result.withTypos) result.total += this.#findMore(query, wanted, similar, FORGIVEN_TIER);
    return similar;
  }

  /**
   * The fewest words without which the query finds anything: more find no less.
   * @param near the similar terms that count where words are compared by their frequency
   * @param similar those that are tried
   */
  #dropped(query: Query, wanted: Wanted, near: SimilarTerms, similar: SimilarTerms): QueryWord[] {
    const frequencies = query.words.map((word) => this.#frequency(word, near.get(word)));
    const words = dispensableWords(query, frequencies);
    const counted = onlyTotal(wanted);
    const count = bisect(words.length, (i) => {
      const rest = withoutWords(query, words.slice(0, i));
      return this.#find(rest, counted, similar, RELAXED_TIER) === 0;
    });
    return words.slice(0, count);
  }

  #corrections(
    query: Query,
    dropped: QueryWord[],
    wanted: Wanted,
    withoutTypos: number,
    similar: SimilarTerms,
  ): Correction[] {
    const rest = withoutWords(query, dropped);
    const counted = onlyTotal(wanted);
    return correct(rest, {
      total: dropped.length > 0 ? this.#find(rest, counted) : withoutTypos,
      frequencies: rest.words.map((word) => this.#frequency(word)),
      similar: rest.words.map((word) => {
        const terms = [...(similar.get(word) ?? [])];
        return new Map(terms.map(([term, distance]) => [this.#table.text(term), distance]));
      }),
      documentFrequency: this.#frequencyOf,
      count: (trial) => this.#find(trial, counted),
    });
  }

  /** How many live documents hold the term. */
  #frequencyOf = (text: string): number => {
    const term = this.#table.find(text);
    return term === undefined ? 0 : this.#table.documentFrequency(term);
  };

  /** The sum of the frequencies of all terms that match the word. */
  #frequency({ term, prefix, exact }: QueryWord, similar?: Map<number, number>): number {
    const table = this.#table;
    const terms = new Set(similar?.keys());
    if (!exact) for (const other of this.#stems.inflections(term, prefix).keys()) terms.add(other);
    const number = table.find(term);
    if (number !== undefined) terms.add(number);
    if (prefix) {
      for (const other of table.unsortedWithPrefix(term)) terms.add(other);
      const { from, to } = table.prefixRange(term);
      for (const other of table.termsByOrdinal.subarray(from, to)) terms.add(other);
    }
    let sum = 0;
    for (const other of terms) sum += table.documentFrequency(other);
    return sum;
  }

  #inflected(query: Query): string[][] {
    return query.words.map(({ term, prefix, exact }) => {
      const found = exact ? [] : this.#stems.inflections(term, prefix).keys();
      return Array.from(found, (other) => this.#table.text(other));
    });
  }

  /** The quotes that have what is asked for; see docs/search-index.md for what it costs. */
  select({ filters, choice }: SelectionRequest): SelectionResult {
    const numbers = this.#names.numbersOf(filters);
    if (numbers === undefined) return { ids: [], total: 0, next: null };
    return new Matches([...this.#segments, this.#bufferedSet()], numbers).choose(choice);
  }

  /** What `prefix` may become; see docs/search-index.md for what it costs. */
  suggest({ prefix, limit }: SuggestRequest): Suggestions {
    const authors = this.#names.authors.startingWith(prefix, limit);
    const last = tokenize(prefix).at(-1);
    const query = parseQuery(prefix);
    const isOpen = query.words.some(({ term, prefix }) => prefix && term === last?.term);
    if (last === undefined || last.end < prefix.length || !isOpen) {
      return { authors, start: prefix.length, completions: [] };
    }
    const words = query.words
      .filter((word) => !word.prefix)
      .map((word) => ({ ...word, exact: true }));
    const completions =
      words.length > 0
        ? this.#completion.completeAmong(last.term, this.#found({ ...query, words }), limit)
        : this.#completion.complete(last.term, this.#all(), limit);
    return { authors, start: last.start, completions };
  }

  /** The authors or tags of all quotes. */
  names({ kind, ...range }: NamesRequest): NamePage {
    return this.#names[kind].page(range);
  }

  /** Finds only documents that are not among the hits, which must be all that were found. */
  #findMore(query: Query, wanted: Wanted, similar: SimilarTerms, firstTier: number): number {
    const hidden = wanted.top.ids().map((id) => this.#hide(id));
    try {
      return this.#find(query, wanted, similar, firstTier);
    } finally {
      for (const reveal of hidden) reveal();
    }
  }

  /** Hides a document from searches. Returns what ends that. */
  #hide(id: number): () => void {
    const buffered = this.#writeBuffer.get(id);
    if (buffered) {
      this.#hidden.add(buffered);
      return () => this.#hidden.delete(buffered);
    }
    for (const segment of this.#segments) {
      const document = findLive(segment, id);
      if (document === undefined) continue;
      markDeleted(segment, document);
      return () => unmarkDeleted(segment, document);
    }
    return () => {};
  }

  /** All quotes. */
  #all(): QuotesFound {
    const segments = this.#segments.map((segment) => ({ segment, matches: segment.liveDocs }));
    return { segments, buffered: [...this.#writeBuffer.values()] };
  }

  /** The quotes that match a query. */
  #found(query: Query): QuotesFound {
    const matcher = this.#matcherOf(query);
    const segments: { segment: Segment; matches: Bitmap }[] = [];
    const visit = (segment: Segment, matches: Bitmap, length: number) => {
      segments.push({ segment, matches: matches.slice(0, length) });
    };
    const none = new TopHits(0);
    if (matcher.isSatisfiable) {
      this.#segmentSearch.search(this.#segments, matcher, undefined, none, visit);
    }
    const buffered = [...this.#writeBuffer.candidates(matcher)].filter(
      ({ terms, length, lang }) => matcher.score(terms, terms.length, length, lang) >= 0,
    );
    matcher.release();
    return { segments, buffered };
  }

  #matcherOf(query: Query, similar?: SimilarTerms, firstTier?: number): QueryMatcher {
    const table = this.#table;
    if (this.#wordsByTerm.length < table.size) this.#wordsByTerm = new Uint32Array(2 * table.size);
    const context = {
      table,
      stems: this.#stems,
      documents: this.#size,
      wordsByTerm: this.#wordsByTerm,
    };
    return new QueryMatcher(query, context, similar, firstTier);
  }

  /**
   * Finds the documents that match. Returns how many there are.
   * @param similar of the words for which similar terms are to be tried
   * @param firstTier see ranking.ts
   */
  #find(query: Query, wanted: Wanted, similar?: SimilarTerms, firstTier?: number): number {
    const { filters, top, counter } = wanted;
    const matcher = this.#matcherOf(query, similar, firstTier);
    const visit: VisitMatches<QuoteSet> | undefined =
      counter && ((set, matches, length) => counter.add(set, matches, length));
    let total = 0;
    if (matcher.isSatisfiable) {
      total += this.#searchWriteBuffer(matcher, filters, top, visit);
      // The newest segments come first: their documents win ties, so that more others are skipped.
      const segments = this.#segments.toReversed();
      total += this.#segmentSearch.search(segments, matcher, filters, top, visit);
    }
    matcher.release();
    return total;
  }

  #searchWriteBuffer(
    matcher: QueryMatcher,
    filters: NumberFilters | undefined,
    top: TopHits,
    visit: VisitMatches<QuoteSet> | undefined,
  ): number {
    if (filters === undefined && visit === undefined) {
      let total = 0;
      for (const document of this.#writeBuffer.candidates(matcher)) {
        if (this.#offerBuffered(document, matcher, top)) total++;
      }
      return total;
    }
    const set = this.#bufferedSet();
    const passing = filters && matchesIn(set, filters);
    const matches = createBitmap(set.size);
    let total = 0;
    let next = 0;
    for (const document of this.#writeBuffer.values()) {
      const d = next++;
      if (passing !== undefined && !hasBit(passing, d)) continue;
      if (!this.#offerBuffered(document, matcher, top)) continue;
      total++;
      setBit(matches, d);
    }
    visit?.(set, matches, matches.length);
    return total;
  }

  /** Offers a document of the write buffer to `top`. Returns whether it matches. */
  #offerBuffered(document: Document, matcher: QueryMatcher, top: TopHits): boolean {
    if (this.#hidden.has(document)) return false;
    const { id, terms, length, lang } = document;
    const score = matcher.score(terms, terms.length, length, lang);
    if (score < 0) return false;
    if (score >= top.minCompetitiveScore) top.offer(id, score);
    return true;
  }

  /** The write buffer in the form of a segment's columns. */
  #bufferedSet(): QuoteSet {
    const documents = [...this.#writeBuffer.values()];
    const size = documents.length;
    const ids = Float64Array.from(documents, ({ id }) => id);
    return { size, ids, ...buildColumns(documents), liveDocs: fullBitmap(size) };
  }

  /** The tokens of a document with these fields, see Document. */
  #termsOf(fields: readonly string[][]): Uint32Array {
    const [text = [], ...others] = fields;
    const count = fields.reduce((sum, words) => sum + words.length, others.length);
    const terms = new Uint32Array(Math.min(count, MAX_DOCUMENT_TOKENS));
    let end = 0;
    for (const word of text.slice(0, terms.length)) terms[end++] = this.#table.intern(word);
    for (const words of others) {
      if (end < terms.length) terms[end++] = FIELD_BOUNDARY;
      for (const word of words) {
        if (end < terms.length) terms[end++] = this.#table.intern(word);
      }
    }
    return terms;
  }

  /** Counts a document in, or out: `change` is 1 or -1. */
  #countDocument(terms: Uint32Array, length: number, change: number, lang: number): void {
    this.#size += change;
    const language = stemmedLanguage(lang);
    for (let i = 0; i < length; i++) {
      const term = terms[i] as number;
      if (term !== FIELD_BOUNDARY && terms.indexOf(term) === i)
        this.#table.addDocumentFrequency(term, change, language);
    }
  }

  #flushFullBuffer(): void {
    const max = this.#isFilling ? MAX_SEGMENT_DOCUMENTS : this.#maxBufferedDocuments;
    if (this.#writeBuffer.size >= max) this.#flush();
  }

  /** Turns the write buffer into a segment. */
  #flush(): void {
    this.#table.sort();
    this.#names.sort();
    this.#addSegment(buildSegment([...this.#writeBuffer.values()], this.#table));
    this.#writeBuffer.clear();
    if (DEBUG_ASSERTIONS) this.#assertSize();
  }

  #restoreSegment(builder: BatchBuilder): void {
    this.#table.sort();
    const segment = buildSegmentOf(builder.take(), this.#table);
    this.#names.countColumns(segment);
    const languages = Uint8Array.from(segment.langs, stemmedLanguage);
    const counts = new Uint32Array(OTHER_LANGUAGE + 1);
    const { terms, postingStarts } = segment;
    for (let i = 0; i < terms.length; i++) {
      const end = postingStarts[i + 1] as number;
      counts.fill(0);
      for (let p = postingStarts[i] as number; p < end; p++) {
        const language = languages[segment.documents[p] as number] as number;
        counts[language] = (counts[language] as number) + 1;
      }
      for (let language = 0; language < counts.length; language++) {
        const count = counts[language] as number;
        if (count > 0) this.#table.addDocumentFrequency(terms[i] as number, count, language);
      }
    }
    this.#size += segment.size;
    this.#addSegment(segment);
    if (DEBUG_ASSERTIONS) this.#assertSize();
  }

  /** Holds only while the write buffer is empty, since it counts the segments alone. */
  #assertSize(): void {
    const live = this.#segments.reduce((sum, { liveDocCount }) => sum + liveDocCount, 0);
    assert(live === this.#size, 'every quote is live in one segment');
  }

  /** Adds a segment, and merges those that MERGE_POLICY then asks to merge. */
  #addSegment(segment: Segment): void {
    this.#segments.push(segment);
    let fewest = 0;
    for (const { maxBuffers, segments } of MERGE_POLICY) {
      const most = maxBuffers * this.#maxBufferedDocuments;
      const tier = this.#segments.filter(
        ({ liveDocCount }) => liveDocCount >= fewest && liveDocCount <= most,
      );
      if (tier.length >= segments) this.#merge(tier.slice(0, segments));
      fewest = most + 1;
    }
  }

  /** Replaces segments by one of their live documents. */
  #merge(sources: Segment[]): void {
    const kept = this.#segments.filter((segment) => !sources.includes(segment));
    const merged = mergeSegments(sources, this.#table);
    this.#segments = [...kept, merged].sort((a, b) => highestId(a) - highestId(b));
  }

  /**
   * Keeps the table from growing with words that come and go. A term is forgotten when no segment
   * has postings of it: those of deleted documents stay there until it is merged. Of the segments
   * one at most is merged at a time, so that searches wait for no more than a merge; the next quote
   * that is added goes on.
   */
  #forgetDeadTerms(): void {
    const table = this.#table;
    const max = Math.max(table.liveCount, this.#maxDeadTerms);
    if (table.deadCount <= max) return;
    const held = createBitmap(table.size);
    for (const { terms } of [...this.#segments, ...this.#writeBuffer.values()]) {
      for (let i = 0; i < terms.length; i++) setBit(held, terms[i] as number);
    }
    table.retain(held);
    if (table.deadCount <= max) return;
    const deadTerms = ({ terms }: Segment) =>
      terms.reduce((count, term) => count + (table.documentFrequency(term) === 0 ? 1 : 0), 0);
    const counts = this.#segments.map(deadTerms);
    this.#merge([this.#segments[counts.indexOf(Math.max(...counts))] as Segment]);
  }
}

/** The same documents, of which only the number matters. */
function onlyTotal({ filters }: Wanted): Wanted {
  return { filters, top: new TopHits(0) };
}

function highestId({ byId, ids }: Segment): number {
  const last = byId.at(-1);
  // A segment is empty when all documents that it was merged of were marked deleted.
  return last === undefined ? 0 : (ids[last] as number);
}
