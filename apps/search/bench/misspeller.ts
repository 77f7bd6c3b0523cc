import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianFiles } from './debian.packages.ts';
import type { HunspellDictionary } from './hunspell.dictionary.ts';
import type { Language } from './real.quotes.ts';

const CODESPELL = 'usr/lib/python3/dist-packages/codespell_lib/data/dictionary.txt';

const QWERTY = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const KEYBOARDS: Record<Language, string[]> = {
  en: QWERTY,
  fr: ['azertyuiop', 'qsdfghjklm', 'wxcvbn'],
  de: ['qwertzuiop', 'asdfghjkl', 'yxcvbnm'],
  es: QWERTY,
  it: QWERTY,
};

/** A misspelling as people make it, and the word meant. */
export interface Misspelling {
  wrong: string;
  right: string;
}

/** The English misspellings that codespell collects, without those of several words. */
export function codespellList(cache: string): Misspelling[] {
  const lines = readFileSync(join(debianFiles(cache, ['codespell']), CODESPELL), 'utf8').split(
    '\n',
  );
  return lines.flatMap((line) => {
    const [, wrong, right] = /^([a-z]+)->([a-z]+)$/.exec(line) ?? [];
    return wrong && right ? { wrong, right } : [];
  });
}

/**
 * Misspells words of a language: as somebody's list has it, else as its dictionary says that people
 * do, or by a slip on the keyboard.
 */
export class Misspeller {
  readonly #dictionary: HunspellDictionary;
  readonly #keyboard: string[];
  readonly #random: () => number;
  readonly #listed = new Map<string, string[]>();

  constructor(
    lang: Language,
    dictionary: HunspellDictionary,
    list: readonly Misspelling[],
    random: () => number,
  ) {
    this.#dictionary = dictionary;
    this.#keyboard = KEYBOARDS[lang];
    this.#random = random;
    for (const { wrong, right } of list) {
      this.#listed.set(right, [...(this.#listed.get(right) ?? []), wrong]);
    }
  }

  /** @returns undefined for a word that cannot be misspelt into what is no word */
  misspell(word: string): string | undefined {
    const listed = this.#pick(this.#listed.get(word) ?? []);
    if (listed !== undefined) return listed;
    const kinds = [this.#mistakes(word), this.#slips(word)].filter(({ length }) => length > 0);
    return this.#pick(this.#pick(kinds) ?? []);
  }

  /** The word with one mistake that the dictionary knows of. */
  #mistakes(word: string): string[] {
    return this.#dictionary.mistakes
      .filter(({ right }) => word.includes(right))
      .map(({ wrong, right }) => word.replace(right, wrong))
      .filter((made) => this.#isWrong(made, word));
  }

  /** The word with a letter left out, doubled, swapped with the next, or its neighbour's. */
  #slips(word: string): string[] {
    const found: string[] = [];
    // The first letter is hardly ever wrong.
    for (let i = 1; i < word.length; i++) {
      const [before, letter, next = '', rest] = [
        word.slice(0, i),
        word.charAt(i),
        word.charAt(i + 1),
        word.slice(i + 1),
      ];
      found.push(before + rest, before + letter + letter + rest);
      found.push(before + next + letter + rest.slice(1));
      const row = this.#keyboard.find((keys) => keys.includes(letter)) ?? '';
      const at = row.indexOf(letter);
      if (at > 0) found.push(before + row.charAt(at - 1) + rest);
      if (at >= 0 && at < row.length - 1) found.push(before + row.charAt(at + 1) + rest);
    }
    return found.filter((made) => this.#isWrong(made, word));
  }

  #isWrong(made: string, word: string): boolean {
    return made !== word && made.length > 3 && !this.#dictionary.words.has(made);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }
}
