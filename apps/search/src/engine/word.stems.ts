import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { fold } from './fold.ts';
import { languageNumber } from './quote.columns.ts';

/** Replaces an ending. */
type EndingRule = [ending: RegExp, replacement: string];

interface Stemmer {
  /** Codes of ISO 639. */
  codes: string[];
  /** Stems a word that may have accents. */
  stem(word: string): string;
  /**
   * Terms have no accents, on which Snowball tells many endings: these give them back, one after
   * the other.
   */
  before?: EndingRule[];
  /** Endings that Snowball leaves, of what it made of the word. */
  after?: EndingRule[];
}

// Each rule was measured on the inflected forms of 4,000 words of Debian's hunspell dictionaries:
// it makes more forms of one word meet, and no more of different ones.
const STEMMERS: Stemmer[] = [
  { codes: ['en', 'eng'], stem: english },
  {
    codes: ['fr', 'fra', 'fre'],
    stem: french,
    before: [
      [/ee(s?)$/, 'ée$1'],
      [/erent$/, 'èrent'],
      [/iere(s?)$/, 'ière$1'],
    ],
  },
  { codes: ['de', 'deu', 'ger'], stem: german },
  {
    codes: ['es', 'spa'],
    stem: spanish,
    before: [
      [/cion$/, 'ción'],
      [/ia(s|n|mos|is)?$/, 'ía$1'],
      [/([aei])re(is)?$/, '$1ré$2'],
      [/a([br])amos$/, 'á$1amos'],
      [/asemos$/, 'ásemos'],
      [/ie(ra|se)mos$/, 'ié$1mos'],
    ],
  },
  { codes: ['it', 'ita'], stem: italian },
  {
    codes: ['pt', 'por'],
    stem: portuguese,
    before: [
      [/(oes|aos?|aes)$/, 'ão'],
      [/cão$/, 'ção'],
      [/avel$/, 'ável'],
      [/ivel$/, 'ível'],
      [/a([rv])(amos|eis)$/, 'á$1$2'],
      [/asse(mos|is)$/, 'ásse$1'],
      [/e(ra|sse)mos$/, 'ê$1mos'],
      [/i(ra|sse)mos$/, 'í$1mos'],
      [/i(amos|emos|ais|eis)$/, 'í$1'],
    ],
  },
  {
    codes: ['nl', 'nld', 'dut'],
    stem: dutch,
    // Diminutives.
    before: [[/(?<=...)(?:e?tje|pje|je)s?$/, '']],
    // What a consonant becomes at the end of a word.
    after: [
      [/([bdfgklmnprst])\1$/, '$1'],
      [/z$/, 's'],
      [/v$/, 'f'],
    ],
  },
  { codes: ['ko', 'kor'], stem: withoutParticles },
];

/** How many languages there are stemmers for; they are numbered from 1 on. */
export const STEMMED_LANGUAGES = STEMMERS.length;
/** Stands for the language of a quote that names none. */
export const NO_LANGUAGE = 0;
/** Stands for all languages without a stemmer. */
export const OTHER_LANGUAGE = STEMMED_LANGUAGES + 1;
/** How many numbers of languages there are. */
export const LANGUAGES = OTHER_LANGUAGE + 1;
/** The languages with a stemmer, as a bit `1 << language` each. */
export const ALL_STEMMED = (1 << OTHER_LANGUAGE) - 2;

const LANGUAGE_BY_CODE = new Uint8Array(languageNumber('zzz') + 1).fill(OTHER_LANGUAGE);
LANGUAGE_BY_CODE[languageNumber(null)] = NO_LANGUAGE;
for (const [i, { codes }] of STEMMERS.entries()) {
  for (const code of codes) LANGUAGE_BY_CODE[languageNumber(code)] = i + 1;
}

/** The number of a language here. @param lang see languageNumber() */
export function stemmedLanguage(lang: number): number {
  return LANGUAGE_BY_CODE[lang] ?? OTHER_LANGUAGE;
}

/**
 * The languages whose words may look like this one, as a bit each: those of its script. Words of
 * two letters are left as they are: they have no regular forms.
 */
export function languagesOfScript(term: string): number {
  if (/^[a-z]{3,}$/.test(term)) return ALL_STEMMED & ~KOREAN;
  return /^\p{sc=Hangul}+$/u.test(term) ? KOREAN : 0;
}

/** What the inflected forms of a word have in common. @param language from 1 on */
export function stemOf(term: string, language: number): string {
  const { stem, before = [], after = [] } = STEMMERS[language - 1] as Stemmer;
  const stemmed = stem(replaceEndings(term, before));
  return replaceEndings(fold(stemmed), after);
}

/**
 * What all forms of a word begin with. Snowball changes the last letter of some stems (`happy`,
 * `happi`).
 */
export function stemPrefix(stem: string): string {
  return stem.slice(0, Math.max(stem.length - 1, Math.min(stem.length, MIN_PREFIX_LENGTH)));
}

/**
 * Whether a term is an inflected form of the word with that stem: its own stem is the same, and
 * what Snowball took away is no more than its ending.
 */
export function hasStem(term: string, stem: string, language: number): boolean {
  if ((languagesOfScript(term) & (1 << language)) === 0) return false;
  if (term.length > stem.length + MAX_ENDING_LENGTH) return false;
  return term.startsWith(stemPrefix(stem)) && stemOf(term, language) === stem;
}

const MIN_PREFIX_LENGTH = 3;
/** A longer ending is no inflection, but a word of its own. */
export const MAX_ENDING_LENGTH = 8;

const KOREAN = 1 << (1 + STEMMERS.findIndex(({ codes }) => codes.includes('ko')));

// Korean particles stand at the end of a noun. Many have two forms, one behind a syllable that ends
// with a consonant, one behind a vowel. The other form is a part of the word itself: 사과, an apple,
// is not 사 with the particle 과.
const BEHIND_CONSONANT = ['이라도', '이라고', '으로', '이나', '이라', '은', '이', '을', '과', '아'];
const BEHIND_VOWEL = ['라도', '라고', '로', '나', '라', '는', '가', '를', '와', '야'];
const BEHIND_ANY =
  '에게서 한테서 에서 에게 한테 께서 부터 까지 처럼 보다 마다 조차 밖에 만큼 대로 의 에 도 만 께'.split(
    ' ',
  );
/** So many particles may follow one another: 집에서는 is 집 + 에서 + 는. */
const MAX_PARTICLES = 2;
const FIRST_SYLLABLE = 0xac00;
const FINALS = 28;
const FINAL_RIEUL = 8;

/** A Korean word without the particles at its end. */
function withoutParticles(word: string): string {
  let rest = word;
  for (let i = 0; i < MAX_PARTICLES; i++) {
    const particle = particleOf(rest);
    rest = rest.slice(0, rest.length - particle.length);
  }
  return rest;
}

/** The longest particle at the end of the word, '' when there is none. */
function particleOf(word: string): string {
  const particles = [...BEHIND_ANY, ...BEHIND_CONSONANT, ...BEHIND_VOWEL].filter((particle) => {
    const before = word.length - particle.length;
    if (before < 1 || !word.endsWith(particle)) return false;
    const final = (word.charCodeAt(before - 1) - FIRST_SYLLABLE) % FINALS;
    // Such a syllable ends many words of two syllables too: 지도, a map.
    if (BEHIND_ANY.includes(particle)) return before > 1 || particle.length > 1;
    if (particle === '로' && final === FINAL_RIEUL) return true;
    return BEHIND_CONSONANT.includes(particle) ? final > 0 : final === 0;
  });
  return particles.reduce((longest, particle) => {
    return particle.length > longest.length ? particle : longest;
  }, '');
}

function replaceEndings(word: string, rules: EndingRule[]): string {
  return rules.reduce((rest, [ending, replacement]) => rest.replace(ending, replacement), word);
}
