import { bisect } from './bisect.ts';

const WORD_START = /(?<![\p{L}\p{N}\p{M}])[\p{L}\p{N}]/gu;
/** An entry is the number of a name times this, plus the place of a word in it. */
const MAX_NAME_LENGTH = 65_536;
/** Of a short beginning, at most so many names are looked at, so that no other call waits long. */
const MAX_FOUND = 65_536;

/**
 * Names by the beginnings of all of their words: what stands from each word of each name to its
 * end, in text order. `Victor Hugo` is there as `victor hugo` and as `hugo`.
 */
export class NameStarts {
  readonly #textOf: (name: number) => string;
  #entries = new Float64Array(0);

  /** @param textOf the folded text of a name by its number */
  constructor(textOf: (name: number) => string) {
    this.#textOf = textOf;
  }

  /** Forgets the names of `gone`, then adds those of `added`, whose number may have been one. */
  update(gone: ReadonlySet<number>, added: readonly number[]): void {
    const isKept = (entry: number) => !gone.has(nameOf(entry));
    const old = gone.size > 0 ? this.#entries.filter(isKept) : this.#entries;
    const starts = added.flatMap((name) => {
      const text = this.#textOf(name);
      return Array.from(text.matchAll(WORD_START), ({ index }) => {
        const entry = name * MAX_NAME_LENGTH + index;
        return { entry, text: this.#textAt(entry) };
      });
    });
    starts.sort((a, b) => (a.text < b.text ? -1 : 1));
    const entries = starts.map(({ entry }) => entry);
    const merged = new Float64Array(old.length + entries.length);
    this.#entries = mergeInto(merged, old, entries, (entry) => this.#textAt(entry));
  }

  /**
   * The names that begin with `beginning`, or go on with it from one of their words; a name comes
   * once for each such word.
   */
  find(beginning: string): Uint32Array {
    const entries = this.#entries;
    const from = bisect(entries.length, (at) => this.#textAt(entries[at]) < beginning);
    const rest = entries.subarray(from, from + MAX_FOUND);
    const count = bisect(rest.length, (at) => this.#textAt(rest[at]).startsWith(beginning));
    const names = new Uint32Array(count);
    for (let i = 0; i < count; i++) names[i] = nameOf(rest[i] as number);
    return names;
  }

  /** What stands from a word of a name on, and then the name, so that no two are equal. */
  #textAt(entry: number | undefined): string {
    const number = entry as number;
    const text = this.#textOf(nameOf(number));
    return `${text.slice(number % MAX_NAME_LENGTH)}\0${text}`;
  }
}

function nameOf(entry: number): number {
  return Math.floor(entry / MAX_NAME_LENGTH);
}

/**
 * Fills `merged` with the numbers of `old` and `added`, both of which are in the order of their
 * texts. `added` are few: a binary search finds the place of each.
 */
export function mergeInto<T extends Uint32Array | Float64Array>(
  merged: T,
  old: T,
  added: readonly number[],
  textOf: (number: number) => string,
): T {
  let from = 0;
  added.forEach((number, i) => {
    const text = textOf(number);
    const rest = old.subarray(from);
    const to = from + bisect(rest.length, (at) => textOf(rest[at] as number) < text);
    merged.set(old.subarray(from, to), from + i);
    merged[to + i] = number;
    from = to;
  });
  merged.set(old.subarray(from), from + added.length);
  return merged;
}
