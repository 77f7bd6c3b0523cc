import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianFiles } from './debian.packages.ts';
import type { Language } from './real.quotes.ts';

const PACKAGES = [
  'hunspell-en-us',
  'hunspell-fr-classical',
  'hunspell-de-de',
  'hunspell-es',
  'hunspell-it',
];

/**
 * The file of each language, the flags of suffixes that inflect rather than make another word or
 * add a pronoun, and other flags whose words count as words.
 */
const FILES: Record<Language, DictionaryFile> = {
  en: { name: 'en_US', flagLength: 1, inflections: /[SDGT]/, others: /M/ },
  fr: { name: 'fr', flagLength: 2, inflections: /./ },
  de: { name: 'de_DE', flagLength: 1, inflections: /[^BFJLMefgj]/ },
  es: { name: 'es_ES', flagLength: 1, inflections: /[DEGIRSX]/ },
  it: { name: 'it_IT', flagLength: 1, inflections: /[^!&()=@|£NYDELMhjbcv]/ },
};

interface DictionaryFile {
  name: string;
  flagLength: 1 | 2;
  inflections: RegExp;
  others?: RegExp;
}

interface Suffix {
  strip: string;
  add: string;
  condition: RegExp;
}

/**
 * What a dictionary of Hunspell knows of a language: its words in all their forms, and how they are
 * misspelt. Stems and rules are those of lexicographers, so that they owe nothing to a stemmer. All
 * is in lower case; names are left out, as far as the case of letters tells them.
 */
export class HunspellDictionary {
  /** Stems and their inflected forms. */
  readonly words = new Set<string>();
  /** Pairs of letters that people write, and what is right. */
  readonly mistakes: { wrong: string; right: string }[] = [];
  readonly #suffixes = new Map<string, Suffix[]>();
  readonly #formsByWord = new Map<string, Set<string>[]>();

  constructor(cache: string, lang: Language) {
    const { name, flagLength, inflections, others } = FILES[lang];
    const folder = join(debianFiles(cache, PACKAGES), 'usr/share/hunspell');
    const read = (ending: string) =>
      readFileSync(join(folder, `${name}.${ending}`), 'utf8')
        .replace(/^\ufeff/, '')
        .split(/\r?\n/);
    this.#readRules(read('aff'));
    for (const line of read('dic').slice(1)) {
      const [entry = ''] = line.split(/[\t ]/);
      const [stem = '', flags = ''] = entry.split('/');
      if (stem === '' || (lang !== 'de' && stem !== stem.toLowerCase())) continue;
      const forms = new Set([stem.toLowerCase()]);
      this.words.add(stem.toLowerCase());
      const all = flags.match(new RegExp(`.{${flagLength}}`, 'gu')) ?? [];
      for (const flag of all) {
        if (inflections.test(flag)) this.#derive(stem, flag, forms);
        else if (others?.test(flag)) this.#derive(stem, flag);
      }
      if (forms.size === 1) continue;
      for (const form of forms) {
        const groups = this.#formsByWord.get(form) ?? [];
        groups.push(forms);
        this.#formsByWord.set(form, groups);
      }
    }
  }

  /** The other forms of the words that this may be a form of. */
  otherForms(word: string): string[] {
    const groups = this.#formsByWord.get(word) ?? [];
    const forms = new Set(groups.flatMap((group) => [...group]));
    forms.delete(word);
    return [...forms];
  }

  /** Adds the forms that a flag makes of a stem to the words, and to `forms` if there are some. */
  #derive(stem: string, flag: string, forms?: Set<string>): void {
    for (const { strip, add, condition } of this.#suffixes.get(flag) ?? []) {
      if (!stem.endsWith(strip) || !condition.test(stem)) continue;
      const form = (stem.slice(0, stem.length - strip.length) + add).toLowerCase();
      this.words.add(form);
      forms?.add(form);
    }
  }

  #readRules(lines: readonly string[]): void {
    for (const line of lines) {
      const [kind, first = '', second = '', third = '', fourth] = line.split(/\s+/);
      if (kind === 'REP' && second !== '') {
        const [wrong, right] = [first, second].map((part) => part.replace(/[_^$]/g, ''));
        if (wrong && right) this.mistakes.push({ wrong, right });
      }
      if (kind !== 'SFX' || fourth === undefined) continue;
      const suffixes = this.#suffixes.get(first) ?? [];
      const [add = ''] = third.split('/');
      suffixes.push({
        strip: second === '0' ? '' : second,
        add: add === '0' ? '' : add,
        condition: new RegExp(`${fourth.startsWith('#') ? '' : fourth}$`),
      });
      this.#suffixes.set(first, suffixes);
    }
  }
}
