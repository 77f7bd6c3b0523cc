/** What a quote has beside its text and who signed it. */
export interface QuoteDetails {
  author: string | null;
  source: string | null;
  /** A code of two or three letters. */
  lang: string | null;
  tags: readonly string[];
  /** Tells this version of the quote from others. */
  checksum: number;
}

/** Those of a quote that has none. */
export const NO_DETAILS: QuoteDetails = {
  author: null,
  source: null,
  lang: null,
  tags: [],
  checksum: 0,
};
