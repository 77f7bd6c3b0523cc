import { bisect } from './bisect.ts';
import { mergeInto, NameStarts } from './name.starts.ts';

/** The number that stands for no name. */
const NONE = 0;
const INITIAL_NAMES = 1024;

/** Which names to list. */
export interface NameRange {
  /** Only names that begin with it, folded. No name begins with what folding leaves nothing of. */
  prefix: string;
  /** Only names behind this one. */
  after?: string | undefined;
  limit: number;
}

/** How a name is mostly spelt, and how many quotes have it, however spelt. */
export interface NameCount {
  name: string;
  quotes: number;
}

/** Names in the order of their folded forms. */
export interface NamePage {
  items: NameCount[];
  /** How many names begin with the prefix. */
  total: number;
  /** The last name of the page, when there are more behind it. */
  next: string | null;
}

/**
 * The names that quotes have, of users, authors or tags. Every spelling has a number, above 0. The
 * spellings of one name have one folded form, their key, which has a number too. A number that no
 * quote needs any more is given to the next new spelling, so that the table is never longer than
 * what quotes once needed at the same time.
 */
export class NameTable {
  readonly #fold: (name: string) => string;
  readonly #numbers = new Map<string, number>();
  readonly #texts = [''];
  readonly #free: number[] = [];
  // By number.
  #keys = new Uint32Array(INITIAL_NAMES);
  #spelt = new Uint32Array(INITIAL_NAMES);
  #quotes = new Uint32Array(INITIAL_NAMES);
  /** The next spelling of the same key; 0 ends the list, which begins with the key itself. */
  #next = new Uint32Array(INITIAL_NAMES);
  // The keys in text order as of the last sort(), those that came since, and those that went.
  #sorted = new Uint32Array(0);
  readonly #starts: NameStarts | undefined;
  readonly #added = new Set<number>();
  readonly #gone = new Set<number>();

  /**
   * @param fold makes equal what counts as one name; folding twice must change nothing more
   * @param withStarts whether startingWith() is wanted
   */
  constructor(fold: (name: string) => string, withStarts = false) {
    this.#fold = fold;
    if (withStarts) this.#starts = new NameStarts((key) => this.#textAt(key));
  }

  /** How many numbers are in use or free. */
  get size(): number {
    return this.#texts.length;
  }

  /** By the number of a spelling, that of its key. */
  get keys(): Uint32Array {
    return this.#keys;
  }

  text(number: number): string | null {
    return number === NONE ? null : (this.#texts[number] as string);
  }

  /** The number of the key of a name; undefined when no quote has this name. */
  find(name: string): number | undefined {
    const key = this.#numbers.get(this.#fold(name));
    return key !== undefined && (this.#quotes[key] as number) > 0 ? key : undefined;
  }

  /** The number of a spelling. It is the caller's to count() a quote that has it. */
  intern(name: string | null): number {
    if (name === null) return NONE;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const folded = this.#fold(name);
    if (folded === name) return this.#enter(name);
    const key = this.#numbers.get(folded) ?? this.#enter(folded);
    const number = this.#enter(name);
    this.#keys[number] = key;
    this.#next[number] = this.#next[key] as number;
    this.#next[key] = number;
    return number;
  }

  /** Counts a quote with this spelling in, or out: `change` is 1 or -1. */
  count(number: number, change: 1 | -1): void {
    if (number === NONE) return;
    const key = this.#keys[number] as number;
    const quotes = (this.#quotes[key] as number) + change;
    this.#spelt[number] = (this.#spelt[number] as number) + change;
    this.#quotes[key] = quotes;
    if (quotes === 1 && change === 1) this.#added.add(key);
    if (quotes === 0 && !this.#added.delete(key)) this.#gone.add(key);
    if (change === 1) return;
    this.#release(number);
    if (key !== number) this.#release(key);
  }

  /** Puts the keys that came since the last call into text order. */
  sort(): void {
    if (this.#added.size + this.#gone.size === 0) return;
    const old = this.#sorted.filter((key) => !this.#gone.has(key));
    const added = [...this.#added].sort((a, b) => (this.#textAt(a) < this.#textAt(b) ? -1 : 1));
    const sorted = new Uint32Array(old.length + added.length);
    this.#sorted = mergeInto(sorted, old, added, (key) => this.#textAt(key));
    this.#starts?.update(this.#gone, added);
    this.#added.clear();
    this.#gone.clear();
  }

  /** The names that begin with a prefix, in the order of their folded forms. */
  page({ prefix, after, limit }: NameRange): NamePage {
    this.sort();
    const sorted = this.#sorted;
    const first = this.#fold(prefix);
    if (first === '' && prefix !== '') return { items: [], total: 0, next: null };
    const last = after === undefined ? undefined : this.#fold(after);
    const from = bisect(sorted.length, (at) => this.#textAt(sorted[at]) < first);
    const rest = sorted.subarray(from);
    const total = bisect(rest.length, (at) => this.#textAt(rest[at]).startsWith(first));
    const start = last === undefined ? 0 : bisect(total, (at) => this.#textAt(rest[at]) <= last);
    const keys = rest.subarray(start, Math.min(start + limit, total));
    const items = this.#countsOf(keys, this.#quotes);
    return { items, total, next: start + limit < total ? (items.at(-1)?.name ?? null) : null };
  }

  /**
   * The names of which a word begins with `beginning`, which may go on over several words; those
   * that most quotes have, of equal ones the first in the order of what begins with it.
   */
  startingWith(beginning: string, limit: number): NameCount[] {
    this.sort();
    const first = this.#fold(beginning).trimStart();
    if (first === '' || this.#starts === undefined) return [];
    return this.#countsOf(highest(this.#starts.find(first), this.#quotes, limit), this.#quotes);
  }

  /**
   * The names with the highest counts, of equal ones the first in the order of page(). Names that
   * count nothing are left out.
   * @param counts by the number of a spelling; the counts of all spellings of a name are moved to
   *   its key
   */
  mostFrequent(counts: Uint32Array, limit: number): NameCount[] {
    this.sort();
    for (let number = 1; number < counts.length; number++) {
      const key = this.#keys[number] as number;
      if (key === number || counts[number] === 0) continue;
      counts[key] = (counts[key] as number) + (counts[number] as number);
      counts[number] = 0;
    }
    return this.#countsOf(highest(this.#sorted, counts, limit), counts);
  }

  /**
   * The spellings that quotes have, the most frequent first, and their places in that list by
   * number, from 1 on.
   */
  byFrequency(): { texts: string[]; places: Uint32Array } {
    const spelt = this.#spelt;
    const held = Uint32Array.from(this.#texts.keys()).filter((number) => spelt[number] !== 0);
    held.sort((a, b) => (spelt[b] as number) - (spelt[a] as number));
    const places = new Uint32Array(this.#texts.length);
    held.forEach((number, place) => {
      places[number] = place + 1;
    });
    return { texts: Array.from(held, (number) => this.#textAt(number)), places };
  }

  /** The names of some keys with their counts, by key. */
  #countsOf(keys: Iterable<number>, counts: Uint32Array): NameCount[] {
    return Array.from(keys, (key) => ({
      name: this.#textAt(this.#spelling(key)),
      quotes: counts[key] as number,
    }));
  }

  /** The spelling of a key that most quotes have; of several the first in text order. */
  #spelling(key: number): number {
    let best = NONE;
    for (let number = key; number !== NONE; number = this.#next[number] as number) {
      if (this.#spelt[number] === 0) continue;
      if (best === NONE || this.#isBetter(number, best)) best = number;
    }
    return best;
  }

  #isBetter(number: number, other: number): boolean {
    const more = (this.#spelt[number] as number) - (this.#spelt[other] as number);
    return more > 0 || (more === 0 && this.#textAt(number) < this.#textAt(other));
  }

  #textAt(number: number | undefined): string {
    return this.#texts[number as number] as string;
  }

  #enter(text: string): number {
    const number = this.#free.pop() ?? this.#texts.length;
    if (number === this.#keys.length) this.#grow();
    this.#numbers.set(text, number);
    this.#texts[number] = text;
    this.#keys[number] = number;
    return number;
  }

  /** Frees a number that neither a quote nor another spelling needs. */
  #release(number: number): void {
    if (this.#spelt[number] !== 0 || this.#quotes[number] !== 0) return;
    this.#numbers.delete(this.#textAt(number));
    this.#texts[number] = '';
    this.#free.push(number);
    let before = this.#keys[number] as number;
    if (before === number) return;
    while (this.#next[before] !== number) before = this.#next[before] as number;
    this.#next[before] = this.#next[number] as number;
    this.#next[number] = NONE;
  }

  #grow(): void {
    this.#keys = doubled(this.#keys);
    this.#spelt = doubled(this.#spelt);
    this.#quotes = doubled(this.#quotes);
    this.#next = doubled(this.#next);
  }
}

/** Different keys with the highest counts above 0, of equal ones the first; `limit` at most. */
function highest(keys: Uint32Array, counts: Uint32Array, limit: number): number[] {
  const best: number[] = [];
  let least = 0;
  for (const key of keys) {
    const count = counts[key] as number;
    if (count <= least || best.includes(key)) continue;
    const place = best.findLastIndex((other) => (counts[other] as number) >= count) + 1;
    best.splice(place, 0, key);
    if (best.length <= limit) continue;
    best.pop();
    least = counts[best.at(-1) as number] as number;
  }
  return best;
}

function doubled(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(2 * numbers.length);
  copy.set(numbers);
  return copy;
}
