import type { Bitmap } from './bitmap.ts';
import type { Numbers } from './narrow.numbers.ts';
import type { QuoteColumns, QuoteRow } from './quote.columns.ts';

/** A document is numbered within its segment by 16 bits. */
export const MAX_SEGMENT_DOCUMENTS = 65_536;

/** Further tokens of a document are not indexed. A quote of 2000 characters has fewer. */
export const MAX_DOCUMENT_TOKENS = 65_535;

/** How many postings share one block-max impact. */
export const POSTINGS_PER_BLOCK = 64;

/** How many elements of a bitmap share one rank. */
export const ELEMENTS_PER_RANK = 4;

/** How many positions a position mask tells apart. */
export const POSITION_MASK_BITS = 16;

/** The position mask of a term that stands in another field than the text, and maybe there too. */
export const ELSEWHERE_MASK = 0xffff;

/** A document before it is in a segment. */
export interface Document extends QuoteRow {
  id: number;
  /**
   * Its tokens as term numbers: those of its text in their order, then those of the other fields
   * (see fieldsOf()), in front of each of which a FIELD_BOUNDARY stands.
   */
  terms: Uint32Array;
  /** How many of these are the tokens of its text. */
  length: number;
}

/**
 * A run of documents, numbered from 0, in flat arrays: the garbage collector sees a few objects
 * instead of millions. Only `liveDocs` and `liveDocCount` change once a segment is built. Drawn in
 * docs/search-index.md.
 */
export interface Segment extends ForwardIndex, InvertedIndex {
  /** The documents in ascending order of their ids. */
  byId: Uint16Array;
  /** The documents that are not marked deleted. */
  liveDocs: Bitmap;
  liveDocCount: number;
}

/** What each document holds. */
export interface ForwardIndex extends QuoteColumns {
  size: number;
  ids: Float64Array;
  /** How many tokens the text of a document has. */
  lengths: Uint16Array;
  /**
   * The bytes of document d in `tokens` are those from `tokenStarts[d]` to `tokenStarts[d + 1]`.
   */
  tokenStarts: Uint32Array;
  /** The tokens of all documents, as Document has them, as varints. */
  tokens: Uint8Array;
}

/**
 * The tokens of documents as term numbers, as Document has them: those of document d are from
 * `termStarts[d]` to `termStarts[d + 1]`.
 */
export interface DecodedTokens {
  terms: Uint32Array;
  termStarts: Uint32Array;
}

/**
 * Where each term stands. The postings of the term `terms[i]` are those from `postingStarts[i]` to
 * `postingStarts[i + 1]`, one a document, in ascending order of `documents`.
 */
export interface Postings {
  /** Term numbers in text order, so that the terms of a common prefix are neighbours. */
  terms: Uint32Array;
  postingStarts: Uint32Array;
  documents: Uint16Array;
  /** The BM25 weights of the term in the documents, see impact() and fieldImpact(). */
  impacts: Uint8Array;
  /**
   * The positions of the term in the texts, modulo POSITION_MASK_BITS, a bit each; ELSEWHERE_MASK
   * when it stands in another field.
   */
  positionMasks: Uint16Array;
}

/** The postings, and what follows from them and makes searching quicker. */
export interface InvertedIndex extends Postings {
  /** Where each term is in `terms`, see findTerm(). */
  termSlots: Numbers;
  /**
   * The highest impact of every block of POSTINGS_PER_BLOCK postings: what Ding and Suel call a
   * block-max index.
   */
  blockMaxImpacts: Uint8Array;
  /**
   * Indexes in `terms` of the terms that are in so many documents that a bitmap is quicker;
   * ascending.
   */
  commonTerms: Uint32Array;
  /** The bitmaps of their documents, one behind the other, each as long as `liveDocs`. */
  commonBitmaps: Bitmap;
  /**
   * How many members each of these bitmaps has in front of every ELEMENTS_PER_RANK of its elements,
   * so that the posting of a document need not be searched for.
   */
  commonRanks: Uint16Array;
  /**
   * All pairs of common terms that stand side by side in any document; ascending. A pair is the
   * number `left * commonTerms.length + right`, where `left` and `right` are indexes in
   * `commonTerms`.
   */
  commonPairs: Uint32Array;
  /**
   * The documents where pair i stands side by side are those from `pairStarts[i]` to
   * `pairStarts[i + 1]`, in ascending order.
   */
  pairStarts: Uint32Array;
  pairDocuments: Uint16Array;
}
