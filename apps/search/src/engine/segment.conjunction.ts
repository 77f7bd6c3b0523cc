import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import {
  type Bitmap,
  createBitmap,
  hasBit,
  intersect,
  readMembers,
  setBit,
  setBits,
} from './bitmap.ts';
import { MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import { readCommonPair } from './segment.pairs.ts';
import {
  addDocuments,
  findPosting,
  firstCommonRow,
  type TermPostings,
  type TermRange,
} from './segment.terms.ts';
import { inflectedForms, type SegmentWord } from './segment.words.ts';

/** A list is as short as a bitmap, at most. */
const MAX_LIST_DOCUMENTS = createBitmap(MAX_SEGMENT_DOCUMENTS).length;

/** Finding one posting in a list takes about as long as running through this many. */
const POSTINGS_PER_SEARCH = 16;

/**
 * The documents of a segment that hold all words of a query, as a list: quicker than bitmaps when
 * one of the words is in few documents. These are gathered first, and those that lack another word
 * are dropped.
 */
export class Conjunction {
  /** How many documents there are. */
  size = 0;
  /** Ascending. */
  readonly documents = new Uint16Array(MAX_LIST_DOCUMENTS);
  /**
   * By word, the posting that each of the documents has of the word itself; -1 when it only holds
   * longer terms that begin with it, or inflected forms.
   */
  readonly postings = Array.from({ length: MAX_WORDS }, () => new Int32Array(MAX_LIST_DOCUMENTS));
  /** By document that holds a longer term, the position mask of all that it holds. */
  readonly longerMasks = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  /** The documents that hold a word only as an inflected form; undefined when there are none. */
  inflected: Bitmap | undefined;
  readonly #inflected = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #forms = createBitmap(MAX_SEGMENT_DOCUMENTS);
  /** The documents that hold a longer term. */
  readonly #longer = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #marks = createBitmap(MAX_SEGMENT_DOCUMENTS);
  /** The words whose postings are known. */
  readonly #known: number[] = [];
  /**
   * Where the documents are: those of postings from `#base` on, until some are dropped, since
   * copying them would take as long again; in `documents` after that.
   */
  #source: Uint16Array = this.documents;
  #base = 0;

  /** Whether a list can hold the documents of a word. */
  static canGather(segment: Segment, { cost }: SegmentWord): boolean {
    return cost <= segment.liveDocs.length;
  }

  /** Gathers the documents that hold word `i` of the query. */
  gather(segment: Segment, word: SegmentWord, i: number, allowed: Bitmap | undefined): void {
    const { first, end } = word.exact;
    this.inflected = undefined;
    this.#known.length = 0;
    if (word.cost > end - first) {
      this.#gatherAll(segment, word, allowed);
      return;
    }
    this.#source = segment.documents;
    this.#base = first;
    this.size = end - first;
    this.#known.push(i);
    if (allowed !== undefined) this.filter((document) => hasBit(allowed, document));
  }

  /** About how many steps it takes to drop the documents that lack the word. */
  steps({ exact, cost }: SegmentWord): number {
    const count = exact.end - exact.first;
    return cost - count + Math.min(count, POSTINGS_PER_SEARCH * this.size);
  }

  /** Drops the documents that lack word `i`, of which similar terms do not count. */
  keep(segment: Segment, word: SegmentWord, i: number): void {
    const { exact, longer } = word;
    const isOneTerm = longer.from === longer.to && inflectedForms(word).length === 0;
    if (!isOneTerm) this.#keepForms(segment, word, i);
    else if (this.#known.includes(i)) return;
    else if (exact.row >= 0 || exact.end - exact.first > POSTINGS_PER_SEARCH * this.size) {
      this.#keepFound(segment, exact, i);
    } else this.#keepMarked(segment, exact, i);
  }

  /**
   * Drops the documents for which `isKept` is false. Then `documents` and `postings` are valid.
   * @param isKept gets the place of the document in the lists, too
   */
  filter(isKept: (document: number, k: number) => boolean): void {
    let kept = 0;
    for (let k = 0; k < this.size; k++) {
      if (isKept(this.#source[this.#base + k] as number, k)) this.#move(k, kept++);
    }
    this.#end(kept);
  }

  /**
   * Drops documents where two common terms do not stand side by side: all, unless it would take too
   * long. The terms are given by their places in `commonTerms`.
   */
  keepPair(segment: Segment, left: number, right: number): void {
    const documents = readCommonPair(segment, left, right);
    if (documents.length > POSTINGS_PER_SEARCH * this.size) return;
    const marks = this.#marks.fill(0, 0, segment.liveDocs.length);
    setBits(marks, documents, 0, documents.length);
    this.filter((document) => hasBit(marks, document));
  }

  /** The documents of a word that more than one term matches. */
  #gatherAll(segment: Segment, { tiers }: SegmentWord, allowed: Bitmap | undefined): void {
    const { length } = segment.liveDocs;
    const marks = this.#marks.fill(0, 0, length);
    for (const range of tiers.flat()) addDocuments(segment, range, marks);
    if (allowed !== undefined) intersect(marks, allowed, 0, length);
    this.#end(readMembers(marks, length, this.documents));
  }

  /** Looks for the posting of every document. */
  #keepFound(segment: Segment, exact: TermPostings, i: number): void {
    const { size } = this;
    const source = this.#source;
    const base = this.#base;
    const { commonBitmaps, liveDocs } = segment;
    const bitmap = exact.row * liveDocs.length;
    const postings = this.postings[i] as Int32Array;
    let next = exact.first;
    let kept = 0;
    for (let k = 0; k < size; k++) {
      const document = source[base + k] as number;
      // Most documents end here, so that this is not left to findPosting().
      if (
        bitmap >= 0 &&
        (((commonBitmaps[bitmap + (document >>> 5)] as number) >>> (document & 31)) & 1) === 0
      ) {
        continue;
      }
      const p = findPosting(segment, exact, document, next);
      if (p < 0) continue;
      next = p + 1;
      this.#move(k, kept);
      postings[kept++] = p;
    }
    this.#end(kept);
    this.#known.push(i);
  }

  /** Marks the documents, and runs through the postings. */
  #keepMarked({ documents, liveDocs }: Segment, { first, end }: TermPostings, i: number): void {
    const postings = this.postings[i] as Int32Array;
    const marks = this.#mark(liveDocs.length);
    const source = this.#source;
    const base = this.#base;
    let k = 0;
    let kept = 0;
    for (let p = first; p < end; p++) {
      const document = documents[p] as number;
      if (!hasBit(marks, document)) continue;
      while ((source[base + k] as number) < document) k++;
      this.#move(k, kept);
      postings[kept++] = p;
    }
    this.#end(kept);
    this.#known.push(i);
  }

  /** Keeps the documents that hold word `i`, a longer term, or an inflected form. */
  #keepForms(segment: Segment, word: SegmentWord, i: number): void {
    const { exact, longer } = word;
    const isPrefix = longer.from < longer.to;
    if (isPrefix) this.#readLonger(segment, longer);
    const forms = this.#markForms(segment, inflectedForms(word));
    const source = this.#source;
    const base = this.#base;
    const postings = this.postings[i] as Int32Array;
    let next = exact.first;
    let kept = 0;
    for (let k = 0; k < this.size; k++) {
      const document = source[base + k] as number;
      const p = next < exact.end ? findPosting(segment, exact, document, next) : -1;
      if (p >= 0) next = p + 1;
      else if (!isPrefix || !hasBit(this.#longer, document)) {
        if (forms === undefined || !hasBit(forms, document)) continue;
        this.inflected ??= this.#inflected.fill(0, 0, segment.liveDocs.length);
        setBit(this.inflected, document);
      }
      this.#move(k, kept);
      postings[kept++] = p;
    }
    this.#end(kept);
    this.#known.push(i);
  }

  /** The documents that hold any of these forms; undefined when there are none. */
  #markForms(segment: Segment, inflected: TermRange[]): Bitmap | undefined {
    if (inflected.length === 0) return undefined;
    const forms = this.#forms.fill(0, 0, segment.liveDocs.length);
    for (const range of inflected) addDocuments(segment, range, forms);
    return forms;
  }

  /** Unites the position masks of the longer terms, by document. */
  #readLonger(segment: Segment, longer: TermRange): void {
    const { commonTerms, postingStarts, liveDocs } = segment;
    const marks = this.#mark(liveDocs.length);
    this.#longer.fill(0, 0, liveDocs.length);
    let next = longer.from;
    for (let row = firstCommonRow(segment, next); next < longer.to; row++) {
      // The postings up to the next common term, then those of that one, if there is one.
      const common = Math.min(commonTerms[row] ?? longer.to, longer.to);
      const end = postingStarts[common] as number;
      this.#addMasks(segment, marks, postingStarts[next] as number, end);
      if (common < longer.to) this.#addCommonMasks(segment, { first: end, end, row });
      next = common + 1;
    }
  }

  #addMasks(segment: Segment, marks: Bitmap, first: number, end: number): void {
    const { documents, positionMasks } = segment;
    for (let p = first; p < end; p++) {
      const document = documents[p] as number;
      if (hasBit(marks, document)) this.#addMask(document, positionMasks[p] as number);
    }
  }

  #addCommonMasks(segment: Segment, postings: TermPostings): void {
    const source = this.#source;
    const last = this.#base + this.size;
    for (let at = this.#base; at < last; at++) {
      const document = source[at] as number;
      const p = findPosting(segment, postings, document);
      if (p >= 0) this.#addMask(document, segment.positionMasks[p] as number);
    }
  }

  /** Adds to the mask of the longer terms of a document. */
  #addMask(document: number, mask: number): void {
    const masks = this.longerMasks;
    masks[document] = hasBit(this.#longer, document) ? (masks[document] as number) | mask : mask;
    setBit(this.#longer, document);
  }

  #mark(length: number): Bitmap {
    const marks = this.#marks.fill(0, 0, length);
    const source = this.#source;
    const end = this.#base + this.size;
    for (let at = this.#base; at < end; at++) setBit(marks, source[at] as number);
    return marks;
  }

  /** Moves a document, and its postings, to a lower place in the list. */
  #move(from: number, to: number): void {
    this.documents[to] = this.#source[this.#base + from] as number;
    for (let known = 0; known < this.#known.length; known++) {
      const postings = this.postings[this.#known[known] as number] as Int32Array;
      postings[to] =
        this.#source === this.documents ? (postings[from] as number) : this.#base + from;
    }
  }

  /** Ends the list behind the documents that were moved. */
  #end(size: number): void {
    this.size = size;
    this.#source = this.documents;
    this.#base = 0;
  }
}
