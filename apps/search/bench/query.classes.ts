import { generator } from '#libs/testing/random.ts';
import { misspelt } from './quote.corpus.ts';

/** A kind of query, with examples drawn from a collection. */
export interface QueryClass {
  name: string;
  queries: string[][];
  /** Whether the last word is a prefix. */
  prefix: boolean;
  /** Whether the rivals can answer this class too. */
  isFair: boolean;
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
  const plain = (name: string, queries: string[][]) => ({
    name,
    queries,
    prefix: false,
    isFair: true,
  });
  const prefixed = (name: string, queries: string[][]) => ({
    name,
    queries,
    prefix: true,
    isFair: true,
  });
  return [
    plain(
      'rare',
      examples(() => [pick(rare)]),
    ),
    plain(
      'common',
      common.map((word) => [word]),
    ),
    plain('two words', neighbours(texts, frequent, random)),
    plain('worst AND', mostTogether(texts, common)),
    prefixed(
      'prefix',
      examples(() => [pick(middling).slice(0, 3)]),
    ),
    prefixed(
      'AND + prefix',
      neighbours(texts, middling, random).map(([a = '', b = '']) => [a, b.slice(0, 3)]),
    ),
    {
      name: 'typo',
      queries: examples(() => [misspelt(pick(middling), random)]),
      prefix: false,
      isFair: false,
    },
  ];
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
