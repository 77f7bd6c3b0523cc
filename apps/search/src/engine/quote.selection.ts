import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Bitmap, countBits, forEachDown, popCount } from './bitmap.ts';
import type { QuoteColumns } from './quote.columns.ts';
import { TopHits } from './top.hits.ts';

/** Which quotes match: those that have all of what is given. */
export interface SelectionFilters {
  userId?: string | undefined;
  author?: string | undefined;
  tag?: string | undefined;
  lang?: string | undefined;
  /** The fewest and the most code points of the text. */
  minLength?: number | undefined;
  maxLength?: number | undefined;
}

/** Which of the quotes that match to answer with. */
export type Choice =
  /** The newest with an id below `before`. */
  | { kind: 'page'; limit: number; before?: number | undefined }
  /** `count` different ones, or all if there are fewer; every choice and order is as likely. */
  | { kind: 'sample'; count: number }
  /**
   * One with an id below `before`: the same for the same day, as long as it matches and no other
   * one below comes to match, by a change or because it is restored. If there is none, the lowest
   * id.
   */
  | { kind: 'day'; day: string; before: number };

export interface SelectionRequest {
  filters: SelectionFilters;
  choice: Choice;
}

export interface SelectionResult {
  ids: number[];
  /** How many quotes match. */
  total: number;
  /** The last id of a page, when there are more behind it. */
  next: number | null;
}

/** The filters as the columns hold them; undefined ones let all pass. */
export interface NumberFilters {
  user: number | undefined;
  /** Number of a key, and the keys of all numbers. */
  author: number | undefined;
  authorKeys: Uint32Array;
  tag: number | undefined;
  tagKeys: Uint32Array;
  lang: number | undefined;
  minLength: number;
  maxLength: number;
}

/** Quotes to select from: a segment, or the write buffer in the same form. */
export type QuoteSet = QuoteColumns & { size: number; ids: Float64Array; liveDocs: Bitmap };

/** The matches in one set of quotes. */
interface SetMatches {
  ids: Float64Array;
  bits: Bitmap;
  count: number;
}

/** The quotes of several sets that match. */
export class Matches {
  readonly total: number;
  readonly #sets: SetMatches[];

  constructor(sets: readonly QuoteSet[], filters: NumberFilters) {
    this.#sets = sets.map((set) => {
      const bits = matchesIn(set, filters);
      return { ids: set.ids, bits, count: countBits(bits, bits.length) };
    });
    this.total = this.#sets.reduce((sum, { count }) => sum + count, 0);
  }

  /** @param randomBelow answers a number below the one given, each as likely as any other */
  choose(choice: Choice, randomBelow = (end: number) => randomInt(end)): SelectionResult {
    const { total } = this;
    if (choice.kind === 'sample') {
      return { ids: this.#sample(choice.count, randomBelow), total, next: null };
    }
    if (choice.kind === 'day') {
      const id = this.#ofDay(choice.day, choice.before);
      return { ids: id === undefined ? [] : [id], total, next: null };
    }
    const { limit, before } = choice;
    const ids = this.#newest(limit + 1, before);
    const next = ids.length > limit ? (ids[limit - 1] as number) : null;
    return { ids: ids.slice(0, limit), total, next };
  }

  /** The ids below `before`, the highest first; up to `limit` of them. */
  #newest(limit: number, before = Number.POSITIVE_INFINITY): number[] {
    const top = new TopHits(limit);
    // The last sets have the newest quotes: with these first, most others are passed over.
    for (const { ids, bits } of this.#sets.toReversed()) {
      forEachDown(bits, bits.length, (d) => {
        const id = ids[d] as number;
        if (id < before && id > top.minCompetitiveScore) top.offer(id, id);
      });
    }
    return top.take(0).map(({ id }) => id);
  }

  /** Up to `count` different ids: the first steps of a Fisher-Yates shuffle of all matches. */
  #sample(count: number, randomBelow: (end: number) => number): number[] {
    // Only the places that were swapped are noted: all others still hold the match of their number.
    const swapped = new Map<number, number>();
    const ids: number[] = [];
    for (let i = 0; i < Math.min(count, this.total); i++) {
      const drawn = i + randomBelow(this.total - i);
      ids.push(this.#idAt(swapped.get(drawn) ?? drawn));
      swapped.set(drawn, swapped.get(i) ?? i);
    }
    return ids;
  }

  /** Of the ids below `before`, that with the smallest hash of the day; else the lowest of all. */
  #ofDay(day: string, before: number): number | undefined {
    const seed = mix(crc32(day));
    let smallest = Number.POSITIVE_INFINITY;
    let chosen: number | undefined;
    let lowest: number | undefined;
    for (const { ids, bits } of this.#sets) {
      forEachDown(bits, bits.length, (d) => {
        const id = ids[d] as number;
        if (lowest === undefined || id < lowest) lowest = id;
        if (id >= before) return;
        const hash = hashOf(id, seed);
        if (hash > smallest || (hash === smallest && id > (chosen as number))) return;
        smallest = hash;
        chosen = id;
      });
    }
    return chosen ?? lowest;
  }

  /** The id of match number `rank`, counted from 0 in the order of sets and documents. */
  #idAt(rank: number): number {
    let left = rank;
    for (const { ids, bits, count } of this.#sets) {
      if (left < count) return ids[memberAt(bits, left)] as number;
      left -= count;
    }
    throw new RangeError('there are fewer matches');
  }
}

/** The documents that are live and pass all filters. */
export function matchesIn(set: QuoteSet, filters: NumberFilters): Bitmap {
  const bits = set.liveDocs.slice();
  keepMatches(set, filters, bits);
  return bits;
}

/** Removes from `bits` the documents that do not pass all filters. */
export function keepMatches(set: QuoteSet, filters: NumberFilters, bits: Bitmap): void {
  const { liveDocs, users, authors, langs, characters } = set;
  const { user, author, authorKeys, tag, tagKeys, lang, minLength, maxLength } = filters;
  for (let i = 0; i < liveDocs.length; i++) {
    let kept = 0;
    for (let rest = bits[i] as number; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      const d = i * 32 + 31 - Math.clz32(bit);
      if (user !== undefined && users[d] !== user) continue;
      if (author !== undefined && authorKeys[authors[d] as number] !== author) continue;
      if (lang !== undefined && langs[d] !== lang) continue;
      const length = characters[d] as number;
      if (length < minLength || length > maxLength) continue;
      if (tag !== undefined && !hasTag(set, d, tag, tagKeys)) continue;
      kept |= bit;
    }
    bits[i] = kept;
  }
}

function hasTag({ tagStarts, tags }: QuoteSet, d: number, tag: number, keys: Uint32Array): boolean {
  const end = tagStarts[d + 1] as number;
  for (let i = tagStarts[d] as number; i < end; i++) {
    if (keys[tags[i] as number] === tag) return true;
  }
  return false;
}

/** The member number `rank` of a set, counted from 0 upwards. */
function memberAt(bits: Bitmap, rank: number): number {
  let left = rank;
  let at = 0;
  for (;;) {
    const count = popCount(bits[at] as number);
    if (left < count) break;
    left -= count;
    at++;
  }
  let word = bits[at] as number;
  // Clears the lowest bits that are set.
  for (; left > 0; left--) word &= word - 1;
  return at * 32 + 31 - Math.clz32(word & -word);
}

/** 32 bits that seem random, and are the same for the same id and seed. */
function hashOf(id: number, seed: number): number {
  // Bit operations take the lowest 32 bits of an id.
  return mix(mix(id ^ seed) ^ Math.floor(id / 2 ** 32) ^ seed) >>> 0;
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the bits. */
function mix(bits: number): number {
  let h = bits;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
