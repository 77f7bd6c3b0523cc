import { type Bitmap, hasBit, popCount } from './bitmap.ts';
import { editDistance } from './edit.distance.ts';
import { LANGUAGES, NO_LANGUAGE } from './word.stems.ts';

const INITIAL_TERMS = 1024;
/** The length of a term is held in a byte. */
const MAX_LENGTH = 255;

/** What a query may still compare: a term costs as much as the word has letters. */
export interface Comparisons {
  lettersLeft: number;
}

/**
 * Terms sorted by length, and of one length by their frequent letters, so that only those about
 * alike need be looked at.
 */
interface TermsByShape {
  terms: Uint32Array;
  letterMasks: Uint32Array;
  /** The terms of shape s begin at `starts[s]`, and end at `starts[s + 1]`: see #shapeOf(). */
  starts: Uint32Array;
}

/** What terms must be similar to, and by how many bits of their masks they may differ. */
interface Wanted {
  text: string;
  length: number;
  letterMask: number;
  maxBits: number;
  maxDistance: number;
}

/** Letters that about every second word has, and others not. */
const FREQUENT_LETTERS = [...'etaoinsr'].map(letterBit);
/** How many sets of these there are. */
const LETTER_SETS = 2 ** FREQUENT_LETTERS.length;

/** Neighbouring terms in text order: the ordinals from `from` up to, but without, `to`. */
export interface OrdinalRange {
  from: number;
  to: number;
}

/**
 * The terms of an index. They are numbered in the order of their appearance: common ones appear
 * early, so that their varints are short; 0 is no term (FIELD_BOUNDARY). The number of a term that
 * was forgotten is given to the next new one. The table also holds the ordinal of each term, which
 * is its place in text order, for prefixes; and a mask of its letters, which rules out nearly all
 * terms in the search for similar ones before their texts are read.
 */
export class TermTable {
  readonly #numbers = new Map<string, number>();
  readonly #texts = [''];
  readonly #free: number[] = [];
  #liveCount = 0;
  // By term number.
  #letterMasks = new Uint32Array(INITIAL_TERMS);
  #lengths = new Uint8Array(INITIAL_TERMS);
  #documentFrequencies = new Uint32Array(INITIAL_TERMS);
  /** By language, the frequencies in its documents; none for a language that no document has. */
  readonly #languageFrequencies: (Uint32Array<ArrayBuffer> | undefined)[] = [];
  #retained = 0;
  #changes = 0;
  // As of the last sort(), and the terms that came since, which have no ordinal yet.
  #termsByOrdinal = new Uint32Array(0);
  #ordinals = new Uint32Array(0);
  #added: number[] = [];
  /** Made when similar terms are looked for; undefined after a change. */
  #byShape: TermsByShape | undefined;

  /** How many numbers are in use or free. */
  get size(): number {
    return this.#texts.length;
  }

  /** How many terms live documents hold. */
  get liveCount(): number {
    return this.#liveCount;
  }

  /** How many terms it has that no live document holds. */
  get deadCount(): number {
    return this.#numbers.size - this.#liveCount;
  }

  /** How many live documents hold the term. */
  documentFrequency(term: number): number {
    return this.#documentFrequencies[term] as number;
  }

  /** The languages of the live documents that hold the term, a bit `1 << language` each. */
  languages(term: number): number {
    let languages = 0;
    for (let language = NO_LANGUAGE + 1; language < LANGUAGES; language++) {
      const frequencies = this.#languageFrequencies[language];
      if (frequencies !== undefined && frequencies[term] !== 0) languages |= 1 << language;
    }
    return languages;
  }

  /** Rises with every change of what documents hold. */
  get changes(): number {
    return this.#changes;
  }

  /** Rises when numbers become free, so that they may stand for other terms from then on. */
  get retained(): number {
    return this.#retained;
  }

  /**
   * Counts `documents` live documents of a language in, or out when it is negative.
   * @param language see word.stems.ts
   */
  addDocumentFrequency(term: number, documents: number, language = NO_LANGUAGE): void {
    this.#changes++;
    if (language !== NO_LANGUAGE) this.#addLanguageFrequency(term, documents, language);
    const before = this.documentFrequency(term);
    const frequency = before + documents;
    this.#documentFrequencies[term] = frequency;
    if (before === 0) this.#liveCount++;
    if (frequency === 0) this.#liveCount--;
  }

  /** Ordinals by term number. Those of terms that have none yet mean nothing. */
  get ordinals(): Uint32Array {
    return this.#ordinals;
  }

  /** Term numbers in text order. */
  get termsByOrdinal(): Uint32Array {
    return this.#termsByOrdinal;
  }

  text(term: number): string {
    return this.#texts[term] as string;
  }

  /** How many code points the term has. */
  lengthOf(term: number): number {
    return this.#lengths[term] as number;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  /** The number of the term, a new one when it has none. */
  intern(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const term = this.#free.pop() ?? this.#texts.length;
    if (term === this.#letterMasks.length) this.#grow();
    this.#numbers.set(text, term);
    this.#texts[term] = text;
    this.#added.push(term);
    this.#byShape = undefined;
    this.#letterMasks[term] = letterMaskOf(text);
    this.#lengths[term] = lengthOf(text);
    return term;
  }

  /**
   * Gives every term an ordinal. The ordinals of older terms rise where new ones sort before them.
   */
  sort(): void {
    const old = this.#termsByOrdinal;
    const added = this.#added.map((term) => this.text(term)).sort(compareTexts);
    if (added.length === 0) return;
    const termsByOrdinal = new Uint32Array(old.length + added.length);
    let from = 0;
    added.forEach((text, i) => {
      const to = this.#lowerBound(text, from);
      termsByOrdinal.set(old.subarray(from, to), from + i);
      termsByOrdinal[to + i] = this.#numbers.get(text) as number;
      from = to;
    });
    termsByOrdinal.set(old.subarray(from), from + added.length);
    this.#added = [];
    this.#number(termsByOrdinal);
  }

  /**
   * Forgets all terms but those of `held`, by number. No document may hold the others, be it live
   * or marked deleted.
   */
  retain(held: Bitmap): void {
    this.#retained++;
    for (const [text, term] of this.#numbers) {
      if (hasBit(held, term)) continue;
      this.#numbers.delete(text);
      this.#texts[term] = '';
      this.#free.push(term);
    }
    this.#added = this.#added.filter((term) => hasBit(held, term));
    this.#number(this.#termsByOrdinal.filter((term) => hasBit(held, term)));
  }

  /** The ordinals of the terms that begin with `prefix`. */
  prefixRange(prefix: string): OrdinalRange {
    // No term holds U+FFFF, which is not a character: this text sorts behind all with the prefix.
    return { from: this.#lowerBound(prefix, 0), to: this.#lowerBound(`${prefix}\uffff`, 0) };
  }

  /** The terms that begin with `prefix` and have no ordinal yet. */
  unsortedWithPrefix(prefix: string): number[] {
    return this.#added.filter((term) => this.text(term).startsWith(prefix));
  }

  /**
   * The other terms that live documents hold and that are within the edit distance `maxDistance` of
   * `text`, with their distances; some of them, when the comparisons run out.
   */
  similar(text: string, maxDistance: number, comparisons: Comparisons): Map<number, number> {
    const letterMask = letterMaskOf(text);
    const letters = frequentLetters(letterMask);
    const length = lengthOf(text);
    const wanted = { text, length, letterMask, maxBits: 0, maxDistance };
    const found = new Map<number, number>();
    for (let n = Math.max(0, length - maxDistance); n <= length + maxDistance; n++) {
      // An edit changes at most two bits of the mask: it replaces one letter by another. Those that
      // a difference in length takes change one.
      wanted.maxBits = 2 * maxDistance - Math.abs(n - length);
      for (let set = 0; set < LETTER_SETS; set++) {
        if (popCount(set ^ letters) > wanted.maxBits) continue;
        this.#addSimilar(n * LETTER_SETS + set, wanted, comparisons, found);
        if (comparisons.lettersLeft < 0) return found;
      }
    }
    return found;
  }

  /** Adds to `found` the similar terms of one shape; some when the comparisons run out. */
  #addSimilar(
    shape: number,
    { text, length, letterMask, maxBits, maxDistance }: Wanted,
    comparisons: Comparisons,
    found: Map<number, number>,
  ): void {
    this.#byShape ??= this.#sortByShape();
    const { terms, letterMasks, starts } = this.#byShape;
    const end = starts[shape + 1] ?? 0;
    for (let i = starts[shape] ?? 0; i < end; i++) {
      if (popCount((letterMasks[i] as number) ^ letterMask) > maxBits) continue;
      const term = terms[i] as number;
      if (this.#documentFrequencies[term] === 0) continue;
      comparisons.lettersLeft -= length;
      if (comparisons.lettersLeft < 0) return;
      const distance = editDistance(text, this.text(term), maxDistance);
      if (distance > 0 && distance <= maxDistance) found.set(term, distance);
    }
  }

  /**
   * The terms that live documents hold, the most frequent first, and their places in that list by
   * term number, from 1 on.
   */
  byFrequency(): { texts: string[]; places: Uint32Array } {
    const frequencies = this.#documentFrequencies;
    const held = Uint32Array.from(this.#texts.keys()).filter((term) => frequencies[term] !== 0);
    held.sort((a, b) => (frequencies[b] as number) - (frequencies[a] as number));
    const places = new Uint32Array(this.#texts.length);
    held.forEach((term, place) => {
      places[term] = place + 1;
    });
    return { texts: Array.from(held, (term) => this.text(term)), places };
  }

  /** A counting sort of all terms, which takes about a millisecond for 100,000. */
  #sortByShape(): TermsByShape {
    const size = this.#texts.length;
    const starts = new Uint32Array((MAX_LENGTH + 1) * LETTER_SETS + 1);
    for (let term = 0; term < size; term++) {
      const behind = this.#shapeOf(term) + 1;
      starts[behind] = (starts[behind] as number) + 1;
    }
    for (let shape = 1; shape < starts.length; shape++) {
      starts[shape] = (starts[shape] as number) + (starts[shape - 1] as number);
    }
    const next = starts.slice();
    const terms = new Uint32Array(size);
    const letterMasks = new Uint32Array(size);
    for (let term = 0; term < size; term++) {
      const shape = this.#shapeOf(term);
      const i = next[shape] as number;
      next[shape] = i + 1;
      terms[i] = term;
      letterMasks[i] = this.#letterMasks[term] as number;
    }
    return { terms, letterMasks, starts };
  }

  /** The number of its length and its frequent letters. */
  #shapeOf(term: number): number {
    const letters = frequentLetters(this.#letterMasks[term] as number);
    return (this.#lengths[term] as number) * LETTER_SETS + letters;
  }

  /** The first ordinal, from `from` on, of a term that does not sort before `text`. */
  #lowerBound(text: string, from: number): number {
    let low = from;
    let high = this.#termsByOrdinal.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.text(this.#termsByOrdinal[middle] as number) < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives these terms, in text order, their ordinals. */
  #number(termsByOrdinal: Uint32Array<ArrayBuffer>): void {
    const ordinals = new Uint32Array(this.#texts.length);
    for (let ordinal = 0; ordinal < termsByOrdinal.length; ordinal++) {
      ordinals[termsByOrdinal[ordinal] as number] = ordinal;
    }
    this.#termsByOrdinal = termsByOrdinal;
    this.#ordinals = ordinals;
  }

  #addLanguageFrequency(term: number, documents: number, language: number): void {
    const frequencies =
      this.#languageFrequencies[language] ?? new Uint32Array(this.#documentFrequencies.length);
    this.#languageFrequencies[language] = frequencies;
    frequencies[term] = (frequencies[term] as number) + documents;
  }

  #grow(): void {
    const size = this.#letterMasks.length * 2;
    this.#letterMasks = copied(this.#letterMasks, new Uint32Array(size));
    this.#lengths = copied(this.#lengths, new Uint8Array(size));
    this.#documentFrequencies = copied(this.#documentFrequencies, new Uint32Array(size));
    this.#languageFrequencies.forEach((frequencies, language) => {
      if (frequencies === undefined) return;
      this.#languageFrequencies[language] = copied(frequencies, new Uint32Array(size));
    });
  }
}

function copied<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Text order is that of `<` on strings, which compares their UTF-16 units. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** A bit for each of 32 classes of letters. */
function letterMaskOf(text: string): number {
  let mask = 0;
  for (const character of text) mask |= 1 << letterBit(character);
  return mask;
}

/** The class of a letter. */
function letterBit(letter: string): number {
  return (letter.codePointAt(0) as number) & 31;
}

/** Which of FREQUENT_LETTERS are in a letter mask, a bit each. */
function frequentLetters(letterMask: number): number {
  let letters = 0;
  for (let i = 0; i < FREQUENT_LETTERS.length; i++) {
    letters |= ((letterMask >>> (FREQUENT_LETTERS[i] as number)) & 1) << i;
  }
  return letters;
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
