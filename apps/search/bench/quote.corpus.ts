import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { QuoteContent } from '#libs/quotes/quote.document.ts';
import { generator } from '#libs/testing/random.ts';
import { debianFiles } from './debian.packages.ts';

/** Debian packages of real text, by language. Their files are read where dpkg lays them out. */
const SOURCES = {
  english: {
    packages: ['fortunes', 'fortunes-min', 'bible-kjv', 'bible-kjv-text'],
    files: '{usr/share/games/fortunes/*.u8,bible.txt}',
  },
  french: {
    packages: ['gimp-help-fr', 'debian-reference-fr'],
    files: 'usr/share/{gimp/2.0/help/fr/*.html,debian-reference/*.fr.html}',
  },
};

const WORDS_A_QUOTE = 16.7;

/** How many authors and tags the quotes of detailedQuotes() have. */
const AUTHORS = 50_000;
const TAGS = 5000;
const TAGS_A_QUOTE = 3;

/**
 * A million different quotes from real French and English text: each strings together runs of
 * neighbouring words, so that frequencies and word pairs are those of the language, and one word in
 * a hundred is misspelt, which gives the long tail of rare words that large collections have.
 * Seeded: the same on every machine. The packages are fetched once, without root, into `cache`.
 */
export class QuoteCorpus {
  readonly #texts: string[][];

  constructor(cache: string) {
    this.#texts = Object.values(SOURCES).map(({ packages, files }) => {
      const root = debianFiles(cache, packages, unpackBible);
      return globSync(join(root, files))
        .sort()
        .flatMap((file) => wordsOf(readFileSync(file, 'utf8')));
    });
  }

  *quotes(count: number, seed = 1): Generator<string> {
    const random = generator(seed);
    for (let n = 0; n < count; n++) {
      const text = this.#texts[n % this.#texts.length] ?? [];
      // The mean of 1 .. 2m - 1 is m; the square of a uniform number makes short quotes more
      // frequent than long ones.
      const length = 3 + Math.floor(random() ** 2 * 3 * (WORDS_A_QUOTE - 3));
      const words: string[] = [];
      while (words.length < length) {
        const from = Math.floor(random() * text.length);
        words.push(
          ...text.slice(from, from + Math.min(length - words.length, 4 + Math.floor(random() * 8))),
        );
      }
      yield words.map((word) => (random() < 0.01 ? misspelt(word, random) : word)).join(' ');
    }
  }

  /**
   * The same quotes with all that is searched and filtered by: authors of two words of the quotes,
   * tags and a language. Some authors and tags have far more quotes than others.
   */
  *detailedQuotes(count: number): Generator<QuoteContent> {
    const random = generator(1);
    const authors: string[] = [];
    let n = 0;
    for (const quote of this.quotes(count)) {
      n++;
      const words = quote.split(' ');
      const word = () => words[Math.floor(random() * words.length)];
      while (authors.length < AUTHORS && n * 0.2 > authors.length) {
        authors.push(`${word()} ${word()}`);
      }
      const tags = Array.from({ length: TAGS_A_QUOTE }, () => `subject ${skewed(TAGS, random)}`);
      yield {
        quote,
        author: authors[skewed(authors.length, random)] ?? null,
        source: null,
        lang: n % 2 > 0 ? 'en' : 'fr',
        tags: [...new Set(tags)],
      };
    }
  }
}

/** A number below `end`; small ones come far more often than large ones. */
export function skewed(end: number, random: () => number): number {
  return Math.floor(random() ** 3 * end);
}

export function misspelt(word: string, random: () => number): string {
  const at = Math.floor(random() * word.length);
  const letter = String.fromCharCode(97 + Math.floor(random() * 26));
  return word.slice(0, at) + letter + word.slice(at + Math.floor(random() * 2));
}

/** The Bible is packed so that only its own program can read it. */
function unpackBible(folder: string): void {
  const program = join(folder, 'usr/bin/bible');
  if (!existsSync(program)) return;
  const args = ['-f', '-p', join(folder, 'usr/lib'), 'gen1:1-rev22:21'];
  const text = execFileSync(program, args, { maxBuffer: 2 ** 24 });
  writeFileSync(join(folder, 'bible.txt'), text);
}

function wordsOf(text: string): string[] {
  const plain = text
    .replace(/<(?<tag>style|script|head)\b.*?<\/\k<tag>>|<[^>]*>/gs, ' ')
    .replace(/&[#\w]+;/g, ' ');
  return plain.match(/[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*[,.;:!?]?/gu) ?? [];
}
