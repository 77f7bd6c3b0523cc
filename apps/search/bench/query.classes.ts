import { generator } from '#libs/testing/random.ts';
import { misspelt } from './quote.corpus.ts';
import type { QueryKind } from './rival.ts';

/** A class of queries of one kind, with examples drawn from a collection. */
export interface QueryClass {
  name: string;
  kind: QueryKind;
  queries: string[][];
}

const EXAMPLES = 5;

/** The classes of queries that are measured, seeded: the same for the same folded texts. */
export function queryClasses(texts: readonly string[]): QueryClass[] {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(text.split(' '))) counts.set(word, (counts.get(word) ?? 0) + 1);
  const random = generator(3);
  const words = [...counts]
    .filter(([word]) => /^[a-z]{2,}$/.test(word))
    .sort((a, b) => b[1] - a[1]);
  const within = (low: number, high: number, shortest: number) =>
    words
      .filter(
        ([word, n]) =>
          n >= low * texts.length && n <= high * texts.length && word.length >= shortest,
      )
      .map(([word]) => word);
  const pick = (from: string[]) => from[Math.floor(random() * from.length)] ?? '';
  const examples = (make: () => string[]) => Array.from({ length: EXAMPLES }, make);
  const common = words.slice(0, EXAMPLES).map(([word]) => word);
  const frequent = within(0.005, 0.05, 3);
  const rare = words
    .filter(([word, n]) => n >= 10 && n <= 50 && word.length >= 6)
    .map(([word]) => word);
  const middling = within(0.0005, 0.01, 6);
  const unknown = (word: string) => !words.some(([known]) => known.startsWith(word));
  const typo = () => {
    // As long as one edit is allowed and no more.
    const word = pick(middling.filter(({ length }) => length < 8));
    return until(() => misspelt(word, random), unknown);
  };
  return [
    { name: 'rare', kind: 'words', queries: examples(() => [pick(rare)]) },
    { name: 'common', kind: 'words', queries: common.map((word) => [word]) },
    { name: 'two words', kind: 'words', queries: neighbours(texts, frequent, random) },
    { name: 'worst AND', kind: 'words', queries: mostTogether(texts, common) },
    { name: 'prefix', kind: 'prefix', queries: examples(() => [pick(middling).slice(0, 3)]) },
    {
      name: 'AND + prefix',
      kind: 'prefix',
      queries: neighbours(texts, middling, random).map(([a = '', b = '']) => [a, b.slice(0, 3)]),
    },
    { name: 'phrase', kind: 'phrase', queries: phrases(texts, words.slice(0, 100), random) },
    { name: 'typo', kind: 'fuzzy', queries: examples(() => [typo()]) },
  ];
}

/**
 * What a person types into our search for such a query. Words that must match exactly are quoted,
 * so that they are not taken for prefixes, nor for misspelt ones.
 */
export function keywordOf(kind: QueryKind, words: readonly string[]): string {
  if (kind === 'phrase') return `"${words.join(' ')}"`;
  const exact = kind === 'words' ? words : words.slice(0, -1);
  return [...exact.map((word) => `"${word}"`), ...words.slice(exact.length)].join(' ');
}

function until<T>(make: () => T, isGood: (made: T) => boolean): T {
  for (;;) {
    const made = make();
    if (isGood(made)) return made;
  }
}

/** Two or three common words side by side, as they stand in some text. */
function phrases(
  texts: readonly string[],
  common: readonly (readonly [string, number])[],
  random: () => number,
): string[][] {
  const wanted = new Set(common.map(([word]) => word));
  const found: string[][] = [];
  while (found.length < EXAMPLES) {
    const words = texts[Math.floor(random() * texts.length)]?.split(' ') ?? [];
    const from = Math.floor(random() * words.length);
    const phrase = words.slice(from, from + 2 + (found.length % 2));
    const isCommon = phrase.length > 1 && phrase.every((word) => wanted.has(word));
    if (isCommon && new Set(phrase).size === phrase.length) found.push(phrase);
  }
  return found;
}

/** Pairs of such words that stand together in some text. */
function neighbours(texts: readonly string[], words: string[], random: () => number): string[][] {
  const wanted = new Set(words);
  const pairs: string[][] = [];
  while (pairs.length < EXAMPLES) {
    const text = texts[Math.floor(random() * texts.length)] ?? '';
    const [a, b] = text.split(' ').filter((word) => wanted.has(word));
    if (a !== undefined && b !== undefined && a !== b) pairs.push([a, b]);
  }
  return pairs;
}

/** The pairs of these words that stand together in most texts. */
function mostTogether(texts: readonly string[], words: string[]): string[][] {
  const pairs = words.flatMap((a, i) =>
    words.slice(i + 1).map((b) => ({ pair: [a, b], count: 0 })),
  );
  for (const text of texts) {
    const present = new Set(text.split(' '));
    for (const entry of pairs) if (entry.pair.every((word) => present.has(word))) entry.count++;
  }
  return pairs
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ pair }) => pair);
}
