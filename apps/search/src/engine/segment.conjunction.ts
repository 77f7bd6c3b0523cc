import { MAX_WORDS } from '#libs/quotes/search.limits.ts';
import { type Bitmap, createBitmap, hasBit, intersect, readMembers, setBit } from './bitmap.ts';
import { MAX_SEGMENT_DOCUMENTS, type Segment } from './segment.layout.ts';
import {
  addDocuments,
  findPosting,
  firstCommonRow,
  type TermPostings,
  type TermRange,
} from './segment.terms.ts';
import { inflectedForms, type SegmentWord } from './segment.words.ts';

/** A list is as short as a bitmap, at most. */
export const MAX_LIST_DOCUMENTS = createBitmap(MAX_SEGMENT_DOCUMENTS).length;

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
  /** By document, the position mask of the longer terms. */
  readonly longerMasks = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  /** The documents that hold a word only as an inflected form. */
  readonly inflected = createBitmap(MAX_SEGMENT_DOCUMENTS);
  readonly #forms = createBitmap(MAX_SEGMENT_DOCUMENTS);
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
    this.inflected.fill(0, 0, segment.liveDocs.length);
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

  /** Drops the documents for which `isKept` is false. Then `documents` and `postings` are valid. */
  filter(isKept: (document: number) => boolean): void {
    let kept = 0;
    for (let k = 0; k < this.size; k++) {
      if (isKept(this.#source[this.#base + k] as number)) this.#move(k, kept++);
    }
    this.#end(kept);
  }

  /** The position masks of word `i`, which may be a prefix, in the order of the documents. */
  readMasks({ positionMasks }: Segment, i: number, isPrefix: boolean, masks: Uint16Array): void {
    const postings = this.postings[i] as Int32Array;
    for (let k = 0; k < this.size; k++) {
      const p = postings[k] as number;
      const longer = isPrefix ? (this.longerMasks[this.documents[k] as number] as number) : 0;
      masks[k] = p < 0 ? longer : (positionMasks[p] as number);
    }
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
    this.filter(() => true);
    if (isPrefix) this.#readLonger(segment, longer);
    const forms = this.#forms.fill(0, 0, segment.liveDocs.length);
    for (const range of inflectedForms(word)) addDocuments(segment, range, forms);
    const postings = this.postings[i] as Int32Array;
    let next = exact.first;
    let kept = 0;
    for (let k = 0; k < this.size; k++) {
      const document = this.documents[k] as number;
      const p = findPosting(segment, exact, document, next);
      if (p >= 0) next = p + 1;
      const isLonger = isPrefix && this.longerMasks[document] !== 0;
      if (p < 0 && !isLonger) {
        if (!hasBit(forms, document)) continue;
        setBit(this.inflected, document);
      }
      this.#move(k, kept);
      postings[kept++] = p;
    }
    this.#end(kept);
    this.#known.push(i);
  }

  /** Unites the position masks of the longer terms, by document. */
  #readLonger(segment: Segment, longer: TermRange): void {
    const { commonTerms, postingStarts, liveDocs } = segment;
    const marks = this.#mark(liveDocs.length);
    for (let k = 0; k < this.size; k++) this.longerMasks[this.documents[k] as number] = 0;
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
    const masks = this.longerMasks;
    for (let p = first; p < end; p++) {
      const document = documents[p] as number;
      if (!hasBit(marks, document)) continue;
      masks[document] = (masks[document] as number) | (positionMasks[p] as number);
    }
  }

  #addCommonMasks(segment: Segment, postings: TermPostings): void {
    const masks = this.longerMasks;
    for (let k = 0; k < this.size; k++) {
      const document = this.documents[k] as number;
      const p = findPosting(segment, postings, document);
      if (p < 0) continue;
      masks[document] = (masks[document] as number) | (segment.positionMasks[p] as number);
    }
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
