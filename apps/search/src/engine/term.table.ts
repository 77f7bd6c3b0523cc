import { bitsOf } from './bitmap.ts';
import { typos } from './ranking.ts';

/**
 * Every term met, numbered in the order of appearance, so that common terms have small numbers. Three views of it: text to number; the sorted order,
 * for prefixes; and, a word each, the letters that a term is made of, which rules out nearly all candidates of a typo without looking at their text.
 */
export class TermTable {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #letters = new Uint32Array(1024);
  #lengths = new Uint8Array(1024);
  #documents = new Uint32Array(1024);
  /** Numbers by text order, and each number's place in it; terms from #sorted on have no place yet. */
  #order = new Uint32Array(0);
  #ranks = new Uint32Array(0);

  get size(): number {
    return this.#texts.length;
  }

  /** Live documents that hold the term. */
  documents(number: number): number {
    return this.#documents[number] as number;
  }

  /** Counts documents that hold the term in, or out. */
  add(number: number, documents: number): void {
    this.#documents[number] = this.documents(number) + documents;
  }

  /** Place in text order by term number, for terms that have been sorted. */
  get ranks(): Uint32Array {
    return this.#ranks;
  }

  get order(): Uint32Array {
    return this.#order;
  }

  text(number: number): string {
    return this.#texts[number] as string;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  /** The term's number, a new one when it has none. */
  intern(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    if (number === this.#letters.length) this.#grow();
    this.#numbers.set(text, number);
    this.#texts.push(text);
    this.#letters[number] = lettersOf(text);
    this.#lengths[number] = lengthOf(text);
    return number;
  }

  /** Gives the terms met since the last call their place in the order. */
  sort(): void {
    const old = this.#order;
    const fresh = this.#texts.slice(old.length).sort(compare);
    if (fresh.length === 0) return;
    const order = new Uint32Array(this.#texts.length);
    let from = 0;
    fresh.forEach((text, i) => {
      const to = this.#lowerBound(text, from);
      order.set(old.subarray(from, to), from + i);
      order[to + i] = this.#numbers.get(text) as number;
      from = to;
    });
    order.set(old.subarray(from), from + fresh.length);
    const ranks = new Uint32Array(order.length);
    for (let rank = 0; rank < order.length; rank++) ranks[order[rank] as number] = rank;
    this.#order = order;
    this.#ranks = ranks;
  }

  /** The ranks, from inclusive and to exclusive, of the sorted terms that begin with `prefix`. */
  prefixRange(prefix: string): { from: number; to: number } {
    // No letter is U+FFFF, so nothing that begins with the prefix sorts behind it.
    return { from: this.#lowerBound(prefix, 0), to: this.#lowerBound(`${prefix}\uffff`, 0) };
  }

  /** Terms that begin with `prefix` and have no rank yet. */
  unsortedWithPrefix(prefix: string): number[] {
    const found: number[] = [];
    for (let number = this.#order.length; number < this.#texts.length; number++) {
      if (this.text(number).startsWith(prefix)) found.push(number);
    }
    return found;
  }

  /** Numbers of the other terms within `most` typos of `text`, with how many. */
  similar(text: string, most: number): Map<number, number> {
    const letters = lettersOf(text);
    const length = lengthOf(text);
    const found = new Map<number, number>();
    for (let number = 0; number < this.#texts.length; number++) {
      // A typo adds, removes or replaces one letter: it changes two bits at most.
      if (bitsOf((this.#letters[number] as number) ^ letters) > 2 * most) continue;
      if (Math.abs((this.#lengths[number] as number) - length) > most) continue;
      const distance = typos(text, this.text(number), most);
      if (distance > 0 && distance <= most) found.set(number, distance);
    }
    return found;
  }

  /** The terms of at least one document, the most frequent first, and by term number their places in that list. */
  byFrequency(): { texts: string[]; numbers: Uint32Array } {
    const used = new Uint32Array(this.#texts.keys()).filter((number) => (this.#documents[number] as number) > 0);
    used.sort((a, b) => (this.#documents[b] as number) - (this.#documents[a] as number));
    const numbers = new Uint32Array(this.#texts.length);
    used.forEach((number, place) => {
      numbers[number] = place;
    });
    return { texts: Array.from(used, (number) => this.text(number)), numbers };
  }

  #lowerBound(text: string, from: number): number {
    let low = from;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.text(this.#order[middle] as number) < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const size = this.#letters.length * 2;
    this.#letters = resized(this.#letters, new Uint32Array(size));
    this.#lengths = resized(this.#lengths, new Uint8Array(size));
    this.#documents = resized(this.#documents, new Uint32Array(size));
  }
}

function resized<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function lettersOf(text: string): number {
  let letters = 0;
  for (const character of text) letters |= 1 << ((character.codePointAt(0) as number) & 31);
  return letters;
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
