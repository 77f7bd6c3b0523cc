import { type Bitmap, countBits, fullBitmap, intersect } from './bitmap.ts';
import { keepMatches, type NumberFilters, type QuoteSet } from './quote.selection.ts';

/** The bitmaps of so many filters are kept for each segment, 8 KB each at most. */
const MAX_CACHED = 8;
/** More matches than one in so many documents: then all documents are filtered, for next time. */
const DOCUMENTS_PER_MATCH = 8;

/**
 * Keeps which documents of a segment pass a filter: people ask for the same languages and tags
 * again and again. Rows of a segment never change. The number of a name may become that of another
 * one, but only when all documents with the first are deleted.
 */
export class FilterCache {
  readonly #bitmaps = new WeakMap<QuoteSet, Map<string, Bitmap>>();

  /** Removes from `bits`, which are live documents, those that do not pass all filters. */
  keep(segment: QuoteSet, filters: NumberFilters, bits: Bitmap): void {
    const { length } = segment.liveDocs;
    const { user, author, tag, lang, minLength, maxLength } = filters;
    const key = [user, author, tag, lang, minLength, maxLength].join();
    const cached = this.#bitmaps.get(segment) ?? new Map<string, Bitmap>();
    let passing = cached.get(key);
    if (passing === undefined) {
      if (countBits(bits, length) * DOCUMENTS_PER_MATCH < segment.size) {
        keepMatches(segment, filters, bits);
        return;
      }
      // Those that are deleted count too: a search may hide documents for a moment.
      passing = fullBitmap(segment.size);
      keepMatches(segment, filters, passing);
    }
    // What was used last is at the end.
    cached.delete(key);
    cached.set(key, passing);
    const [oldest] = cached.keys();
    if (cached.size > MAX_CACHED && oldest !== undefined) cached.delete(oldest);
    this.#bitmaps.set(segment, cached);
    intersect(bits, passing, 0, length);
  }
}
