import { generator } from '#libs/testing/random.ts';
import type { HunspellDictionary } from './hunspell.dictionary.ts';
import type { Misspeller } from './misspeller.ts';
import { LANGUAGES, type Language, type RealQuotes, shuffled } from './real.quotes.ts';

/**
 * What people type for two or three words of a quote:
 * - plain: the words;
 * - inflected: other forms of them;
 * - misspelt: one of them is misspelt;
 * - elided: one of them has an article or pronoun before it, or a possessive behind it;
 * - re-split: one of them is written in another way: joined, split or hyphenated;
 * - ambiguous: inflected as far as can be, and one at least is a word of another language too.
 */
export const KINDS = ['plain', 'inflected', 'misspelt', 'elided', 're-split', 'ambiguous'] as const;
export type Kind = (typeof KINDS)[number];

/** A query that somebody types who has one quote in mind. */
export interface KnownItem {
  lang: Language;
  kind: Kind;
  query: string;
  /** The number of the quote among all quotes. */
  target: number;
}

/** Per language: its dictionary and its misspeller. */
export type WordLists = Record<
  Language,
  { dictionary: HunspellDictionary; misspeller: Misspeller }
>;

/** Another writing of words that a quote has. */
interface Writing {
  made: string;
  parts: string[];
}

/** A word is worth being asked for when not more of the quotes of its language have it. */
const MAX_SHARE = 0.01;
const MIN_LETTERS = 4;
/** In so many quotes of another language it is a word there, too. */
const MIN_FOREIGN = 2;
/** After so many tries a language has no such queries. */
const MAX_TRIES = 100;

const WRITTEN = /[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*/gu;
const ELISIONS: Partial<Record<Language, string[]>> = {
  fr: ["l'", "d'", "qu'"],
  it: ["l'", "dell'", "all'", "nell'", "un'"],
};
/** Languages that make words of words. */
const COMPOUNDING: readonly Language[] = ['en', 'de'];
const VOWEL = /^[aeiouhàâäéèêëîïôöûü]/;

/** Draws queries from quotes, seeded: the same for the same quotes and lists. */
export class KnownItems {
  readonly #lists: WordLists;
  readonly #random = generator(11);
  /** By language: word, number of quotes that have it. */
  readonly #counts: Record<Language, Map<string, number>>;
  /** By language: all forms that people use. */
  readonly #used: Record<Language, Set<string>>;
  readonly #quotes: RealQuotes['quotes'];

  constructor({ quotes, texts }: RealQuotes, lists: WordLists) {
    this.#lists = lists;
    this.#quotes = quotes;
    this.#counts = byLanguage(() => new Map());
    for (const { text, lang } of quotes) {
      const counts = this.#counts[lang];
      for (const word of new Set(simpleWords(text, lang)))
        counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    this.#used = byLanguage(
      (lang) => new Set(texts[lang].flatMap((text) => simpleWords(text, lang))),
    );
  }

  /** How many quotes of the language have the word. */
  count(lang: Language, word: string): number {
    return this.#counts[lang].get(word) ?? 0;
  }

  /** The words of the quotes of a language. */
  vocabulary(lang: Language): string[] {
    return [...this.#counts[lang].keys()];
  }

  /** So many queries of every language and kind; fewer where there are not that many. */
  draw(each: number): KnownItem[] {
    const items: KnownItem[] = [];
    for (const lang of LANGUAGES) {
      const numbers = this.#quotes.flatMap((quote, i) => (quote.lang === lang ? i : []));
      for (const kind of KINDS) {
        let found = 0;
        let tries = 0;
        for (const target of shuffled(numbers, this.#random)) {
          if (found === each || (found === 0 && tries === MAX_TRIES)) break;
          tries++;
          const query = this.#query(kind, lang, this.#quotes[target]?.text ?? '');
          if (query === undefined) continue;
          items.push({ lang, kind, query, target });
          found++;
        }
      }
    }
    return items;
  }

  #query(kind: Kind, lang: Language, text: string): string | undefined {
    const length = this.#random() < 0.5 ? 2 : 3;
    const words = [...new Set(simpleWords(text, lang))];
    const content = words.filter((word) => this.#isContent(lang, word));
    switch (kind) {
      case 'plain':
        return this.#join(this.#choose(content, length));
      case 'inflected': {
        const forms = content.map((word) => ({ word, form: this.#inflect(lang, word) }));
        const chosen = this.#choose(
          forms.filter(({ form }) => form !== undefined),
          length,
        );
        return this.#join(chosen?.map(({ form }) => form ?? ''));
      }
      case 'misspelt':
        return this.#changeOne(content, length, (word) => {
          return word.length > MIN_LETTERS
            ? this.#lists[lang].misspeller.misspell(word)
            : undefined;
        });
      case 'elided':
        return this.#changeOne(content, length, (word) => this.#elide(lang, word));
      case 're-split':
        return this.#resplit(lang, text, content, length);
      case 'ambiguous':
        return this.#ambiguous(lang, content, length);
    }
  }

  #isContent(lang: Language, word: string): boolean {
    const quotes = this.#quotes.length / LANGUAGES.length;
    return word.length >= MIN_LETTERS && this.count(lang, word) <= MAX_SHARE * quotes;
  }

  /** Another form that people use. */
  #inflect(lang: Language, word: string): string | undefined {
    const forms = this.#lists[lang].dictionary.otherForms(word);
    const used = forms.filter((form) => this.#used[lang].has(form) && bare(form) !== bare(word));
    return this.#pick(used);
  }

  #elide(lang: Language, word: string): string | undefined {
    const { dictionary } = this.#lists[lang];
    if (lang === 'en') return dictionary.words.has(`${word}'s`) ? `${word}'s` : undefined;
    const elision = this.#pick(ELISIONS[lang] ?? []);
    if (elision === undefined || !VOWEL.test(word) || !dictionary.words.has(word)) return undefined;
    return elision + word;
  }

  /** Writes in another way what stands in the quote and in the dictionary. */
  #resplit(
    lang: Language,
    text: string,
    content: readonly string[],
    length: number,
  ): string | undefined {
    const chosen = this.#pick(this.#otherWritings(lang, text));
    if (!chosen) return undefined;
    const others = this.#choose(
      content.filter((word) => !chosen.parts.includes(word)),
      length - 1,
    );
    return this.#join(others && [...others, chosen.made]);
  }

  #otherWritings(lang: Language, text: string): Writing[] {
    const { words } = this.#lists[lang].dictionary;
    const written = (text.match(WRITTEN) ?? []).map((word) => word.toLowerCase());
    const found: Writing[] = [];
    for (const [i, word] of written.entries()) {
      const parts = word.split('-');
      if (parts.length === 2 && parts.every((part) => part.length > 1)) {
        found.push({ made: parts.join(''), parts }, { made: parts.join(' '), parts });
      }
      if (!isPlain(word)) continue;
      found.push(...this.#split(lang, word));
      const both = [word, written[i + 1] ?? ''];
      if (!both.every((part) => part.length > 2 && isPlain(part))) continue;
      for (const made of [both.join(''), both.join('-')]) {
        if (words.has(made)) found.push({ made, parts: both });
      }
    }
    return found;
  }

  /** A word in two: as the dictionary hyphenates it, or of two words that it knows. */
  #split(lang: Language, word: string): Writing[] {
    const { words } = this.#lists[lang].dictionary;
    const isUsed = (part: string) =>
      part.length > 3 && words.has(part) && this.count(lang, part) > 0;
    const found: Writing[] = [];
    for (let at = 3; at <= word.length - 3; at++) {
      const [a, b] = [word.slice(0, at), word.slice(at)];
      const isCompound = COMPOUNDING.includes(lang) && words.has(word) && isUsed(a) && isUsed(b);
      if (!isCompound && !words.has(`${a}-${b}`)) continue;
      found.push({ made: `${a} ${b}`, parts: [word] }, { made: `${a}-${b}`, parts: [word] });
    }
    return found;
  }

  #ambiguous(lang: Language, content: readonly string[], length: number): string | undefined {
    const foreign = LANGUAGES.filter((other) => other !== lang);
    const isForeign = (word: string) =>
      this.#lists[lang].dictionary.words.has(word) &&
      foreign.some((other) => {
        const { words } = this.#lists[other].dictionary;
        return words.has(word) && this.count(other, word) >= MIN_FOREIGN;
      });
    const both = this.#choose(content.filter(isForeign), 1)?.[0];
    if (both === undefined) return undefined;
    const others = this.#choose(
      content.filter((word) => word !== both),
      length - 1,
    );
    if (!others) return undefined;
    const chosen = [both, ...others];
    const forms = chosen.map((word) => this.#inflect(lang, word) ?? word);
    return forms.some((form, i) => form !== chosen[i]) ? this.#join(forms) : undefined;
  }

  /** Chooses words of which one is changed. */
  #changeOne(
    content: readonly string[],
    length: number,
    change: (word: string) => string | undefined,
  ): string | undefined {
    const chosen = this.#choose(content, length);
    for (const [i, word] of shuffled([...(chosen ?? []).entries()], this.#random)) {
      const changed = change(word);
      if (changed !== undefined) return this.#join(chosen?.with(i, changed));
    }
    return undefined;
  }

  /** So many of them, in the order they have; undefined when there are fewer. */
  #choose<T>(items: readonly T[], length: number): T[] | undefined {
    if (items.length < length) return undefined;
    const chosen = new Set(shuffled(items, this.#random).slice(0, length));
    return items.filter((item) => chosen.has(item));
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  #join(words: readonly string[] | undefined): string | undefined {
    return words?.join(' ');
  }
}

/**
 * The words of a text in lower case, without what hyphens join, elided articles and pronouns, and
 * the possessive. Other words with an apostrophe are left out.
 */
function simpleWords(text: string, lang: Language): string[] {
  return (text.match(WRITTEN) ?? []).flatMap((written) =>
    written
      .toLowerCase()
      .split('-')
      .flatMap((word) => {
        const parts = word.split(/['’]/);
        if (ELISIONS[lang] || parts.length === 1) return parts.at(-1) ?? [];
        return parts.length === 2 && parts[1] === 's' ? (parts[0] ?? []) : [];
      }),
  );
}

function isPlain(word: string): boolean {
  return /^\p{L}+$/u.test(word);
}

/** Without accents: two forms that differ in these alone are one to most engines. */
function bare(word: string): string {
  return word.normalize('NFD').replace(/\p{M}/gu, '');
}

function byLanguage<T>(make: (lang: Language) => T): Record<Language, T> {
  return Object.fromEntries(LANGUAGES.map((lang) => [lang, make(lang)])) as Record<Language, T>;
}
