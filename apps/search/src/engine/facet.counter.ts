import { MAX_FACET_NAMES } from '#libs/quotes/search.limits.ts';
import type { Bitmap } from './bitmap.ts';
import type { NameCount } from './name.table.ts';
import { LANGUAGE_NUMBERS, languageCode, type QuoteColumns } from './quote.columns.ts';
import type { QuoteNames } from './quote.names.ts';

/** What matches can be counted by. */
export type FacetKind = 'author' | 'tag' | 'lang';

/**
 * By kind, the names that most matches have, with how many have them: the most frequent first, of
 * equally frequent ones the first in text order, MAX_FACET_NAMES at most. Names are folded and
 * spelt as in NamePage.
 */
export type Facets = Partial<Record<FacetKind, NameCount[]>>;

/** Counts the names of the quotes that match one search. */
export class FacetCounter {
  readonly #names: QuoteNames;
  /** By kind, the counts by the number that the columns hold. */
  readonly #counts: { [K in FacetKind]?: Uint32Array } = {};

  constructor(kinds: readonly FacetKind[], names: QuoteNames) {
    this.#names = names;
    const sizes = { author: names.authors.size, tag: names.tags.size, lang: LANGUAGE_NUMBERS };
    for (const kind of kinds) this.#counts[kind] = new Uint32Array(sizes[kind]);
  }

  /** Counts the quotes of `matches`, which are the first `length` elements of a bitmap. */
  add({ authors, langs, tagStarts, tags }: QuoteColumns, matches: Bitmap, length: number): void {
    const { author, tag, lang } = this.#counts;
    if (author !== undefined) countColumn(authors, matches, length, author);
    if (lang !== undefined) countColumn(langs, matches, length, lang);
    if (tag === undefined) return;
    for (let i = 0; i < length; i++) {
      for (let rest = matches[i] as number; rest !== 0; rest &= rest - 1) {
        const d = i * 32 + 31 - Math.clz32(rest & -rest);
        const end = tagStarts[d + 1] as number;
        for (let t = tagStarts[d] as number; t < end; t++) count(tag, tags[t] as number);
      }
    }
  }

  /** The facets of all quotes counted. It must be called once, since it merges spellings. */
  facets(): Facets {
    const { author, tag, lang } = this.#counts;
    const facets: Facets = {};
    if (author !== undefined) {
      facets.author = this.#names.authors.mostFrequent(author, MAX_FACET_NAMES);
    }
    if (tag !== undefined) facets.tag = this.#names.tags.mostFrequent(tag, MAX_FACET_NAMES);
    if (lang !== undefined) facets.lang = languagesOf(lang);
    return facets;
  }
}

function countColumn(
  column: Uint32Array | Uint16Array,
  matches: Bitmap,
  length: number,
  counts: Uint32Array,
): void {
  for (let i = 0; i < length; i++) {
    for (let rest = matches[i] as number; rest !== 0; rest &= rest - 1) {
      count(counts, column[i * 32 + 31 - Math.clz32(rest & -rest)] as number);
    }
  }
}

function count(counts: Uint32Array, number: number): void {
  counts[number] = (counts[number] as number) + 1;
}

function languagesOf(counts: Uint32Array): NameCount[] {
  const found: NameCount[] = [];
  // 0 is no language.
  for (let number = 1; number < counts.length; number++) {
    const quotes = counts[number] as number;
    if (quotes > 0) found.push({ name: languageCode(number), quotes });
  }
  found.sort((a, b) => b.quotes - a.quotes || (a.name < b.name ? -1 : 1));
  return found.slice(0, MAX_FACET_NAMES);
}
