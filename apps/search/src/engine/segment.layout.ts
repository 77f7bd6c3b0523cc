/** Documents a segment holds at most: they are numbered within it by 16 bits. */
export const SEGMENT_DOCUMENTS = 65_536;

/** Most tokens of a document that are indexed; a quote of 2000 characters has fewer. */
export const MAX_TOKENS = 65_535;

/** Postings to a block, see `peaks`. */
export const BLOCK = 64;

/** A document as it comes: term numbers in the order of the text. */
export interface Document {
  id: number;
  user: number;
  terms: Uint32Array;
}

/**
 * A sealed run of documents, numbered from 0, in flat arrays. Nothing changes after building but `live`. Drawn in docs/search.md.
 */
export interface Segment extends Forward, Inverted {
  /** The documents in ascending order of id. */
  byId: Uint16Array;
  /** A bit a document: not deleted. */
  live: Uint32Array;
  liveCount: number;
}

/** What each document holds: its tokens' term numbers are varints in `tokens[starts[d] .. starts[d + 1]]`. */
export interface Forward {
  size: number;
  ids: Float64Array;
  users: Uint32Array;
  lengths: Uint16Array;
  starts: Uint32Array;
  tokens: Uint8Array;
}

/**
 * Where each term stands. `terms[i]` is a term's number, in text order, so that the terms with a common prefix are neighbours; its postings lie from
 * `offsets[i]` to `offsets[i + 1]`.
 */
export interface Inverted {
  terms: Uint32Array;
  offsets: Uint32Array;
  /** A posting's document; ascending within a term. */
  documents: Uint16Array;
  /** A posting's weight in BM25. */
  impacts: Uint8Array;
  /** A posting's positions modulo 16, as bits: tells how close two words stand at best. */
  places: Uint16Array;
  /** The highest impact of every BLOCK postings. */
  peaks: Uint8Array;
  /** Indexes in `terms` of the terms so common that a bitmap of their documents is quicker to use; ascending. */
  common: Uint32Array;
  /** Those bitmaps, one behind the other, each as long as `live`. */
  bitmaps: Uint32Array;
  /** Pairs of common terms that stand side by side as commonly, as `left * common.length + right` by their places in `common`; ascending. */
  pairs: Uint32Array;
  /** Their bitmaps, in the same form. */
  pairBitmaps: Uint32Array;
}

export type Postings = Pick<Inverted, 'terms' | 'offsets' | 'documents' | 'impacts' | 'places'>;
