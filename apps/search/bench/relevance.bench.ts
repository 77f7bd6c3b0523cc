import { parseArgs } from 'node:util';
import { generator } from '#libs/testing/random.ts';
import { InvertedEngine } from '../src/engine/inverted.engine.ts';
import { parseQuery } from '../src/engine/query.parser.ts';
import { NO_DETAILS } from '../src/engine/quote.details.ts';
import type { SearchResult } from '../src/engine/search.engine.ts';
import { termsOf } from '../src/engine/tokenizer.ts';
import { HunspellDictionary } from './hunspell.dictionary.ts';
import { KINDS, type KnownItem, KnownItems, type WordLists } from './known.items.ts';
import { codespellList, Misspeller, type Misspelling } from './misspeller.ts';
import { OpenSearchRival } from './opensearch.rival.ts';
import { PostgresRelevance } from './postgres.relevance.ts';
import { Programs } from './programs.ts';
import { LANGUAGES, type RealQuote, RealQuotes, shuffled } from './real.quotes.ts';
import { RELEVANCE_LIMIT, type RelevanceRival } from './relevance.rival.ts';
import { TantivyRelevance } from './tantivy.relevance.ts';

/**
 * Known-item search over real quotes of five languages: somebody types two or three words of a
 * quote as he remembers them (known.items.ts), and what counts is how high that quote stands:
 * MRR@10, the mean of 1 / rank, and recall@20, the share that is found, both in per cent. Once with
 * the languages of the quotes known, once without. `--lost N` shows so many queries of each kind
 * that a rival answers better; names of rivals leave out the others.
 */
const QUERIES = 40;
const QUERIES_WITHOUT_LANG = 20;
/** A configuration is chosen by every third query. */
const SAMPLED = 3;
const CORPUS = 'data/corpus';
const TANTIVY = 'tantivy==0.27.0';
const MISSPELLINGS = { en: 1000, fr: 250, de: 250, es: 250, it: 250 };
const COLUMN = 16;
const { values, positionals } = parseArgs({
  options: { lost: { type: 'string', default: '0' } },
  allowPositionals: true,
});

/** What an engine found for every query, by the best of its configurations for each language. */
interface Found {
  name: string;
  ranks: Map<KnownItem, number>;
  chosen: string[];
}

const { quotes, known, misspellings } = prepare();
const programs = new Programs('data/bench');
const STARTS: Record<string, () => Promise<RelevanceRival>> = {
  OpenSearch: () => OpenSearchRival.start(programs),
  PostgreSQL: async () => new PostgresRelevance(),
  tantivy: async () => new TantivyRelevance(programs.python('tantivy-0.27.0', [TANTIVY])),
};
const items = known.draw(QUERIES);
const fewer = LANGUAGES.flatMap((lang) =>
  KINDS.flatMap((kind) =>
    items.filter((item) => item.lang === lang && item.kind === kind).slice(0, QUERIES_WITHOUT_LANG),
  ),
);
const searchWithLang = index(true);
const withLang = [ours(searchWithLang, items)];
const withoutLang = [ours(index(false), fewer)];
const corrected: Record<string, (string | undefined)[]> = { ours: correctOurs(searchWithLang) };
for (const [name, start] of Object.entries(STARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  try {
    const begin = performance.now();
    const rival = await start();
    withLang.push(await theirs(rival, items, true));
    if (rival instanceof OpenSearchRival) {
      corrected[name] = await rival.correct(misspellings.map(({ wrong }) => wrong));
    }
    withoutLang.push(await theirs(rival, fewer, false));
    await rival.close();
    console.log(`${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  } catch (error) {
    console.log(`${name} is left out: ${(error as Error).message}`);
  }
}
print('the languages of the quotes are known', items, withLang);
print('they are not', fewer, withoutLang);
printCorrections();

function prepare() {
  const real = new RealQuotes(CORPUS);
  const list = codespellList(CORPUS);
  const random = generator(5);
  const lists = Object.fromEntries(
    LANGUAGES.map((lang) => {
      const dictionary = new HunspellDictionary(CORPUS, lang);
      const listed = lang === 'en' ? list : [];
      return [lang, { dictionary, misspeller: new Misspeller(lang, dictionary, listed, random) }];
    }),
  ) as WordLists;
  const known = new KnownItems(real, lists);
  return { quotes: real.quotes, known, misspellings: misspellingsOf(known, list, lists) };
}

/** Words of the quotes, misspelt into what is no word of theirs. */
function misspellingsOf(
  known: KnownItems,
  list: readonly Misspelling[],
  lists: WordLists,
): (Misspelling & { lang: string })[] {
  const random = generator(7);
  // A wrong accent is none to a search.
  const wordsOf = (text: string) => termsOf(text).join(' ');
  const all = new Set(LANGUAGES.flatMap((lang) => known.vocabulary(lang)));
  return LANGUAGES.flatMap((lang) => {
    const words = shuffled(known.vocabulary(lang), random).filter(
      (word) => word.length > 4 && lists[lang].dictionary.words.has(word),
    );
    const pairs =
      lang === 'en'
        ? shuffled(list, random).filter(({ right }) => known.count('en', right) > 0)
        : words.map((right) => ({ right, wrong: lists[lang].misspeller.misspell(right) ?? right }));
    return pairs
      .filter(({ wrong, right }) => !all.has(wrong) && wordsOf(wrong) !== wordsOf(right))
      .slice(0, MISSPELLINGS[lang])
      .map((pair) => ({ ...pair, lang }));
  });
}

type Search = (query: string) => SearchResult;

/** Our engine over the quotes, as the service asks it. All that knows its interface is here. */
function index(withLang: boolean): Search {
  const engine = new InvertedEngine();
  quotes.forEach(({ text, lang }: RealQuote, i) => {
    const details = { ...NO_DETAILS, lang: withLang ? lang : null };
    engine.add(i + 1, text, null, details);
  });
  return (text) => engine.search({ query: parseQuery(text), limit: RELEVANCE_LIMIT, offset: 0 });
}

function ours(search: Search, asked: readonly KnownItem[]): Found {
  const ranks = new Map(
    asked.map((item) => {
      const { hits } = search(item.query);
      return [item, hits.findIndex(({ id }) => id === item.target + 1)];
    }),
  );
  return { name: 'ours', ranks, chosen: [] };
}

/** The word that our engine takes each misspelling for. */
function correctOurs(search: Search): (string | undefined)[] {
  return misspellings.map(({ wrong }) => search(wrong).corrections[0]?.terms.join(' '));
}

async function theirs(
  rival: RelevanceRival,
  asked: readonly KnownItem[],
  withLang: boolean,
): Promise<Found> {
  await rival.build(quotes, withLang);
  const ranked = async (some: readonly KnownItem[], configuration: string) => {
    const queries = some.map(({ query }) => query);
    const found = await rival.search(queries, configuration);
    return some.map((item, i) => [item, found[i]?.indexOf(item.target) ?? -1] as const);
  };
  const ranks = new Map<KnownItem, number>();
  const chosen: string[] = [];
  for (const lang of LANGUAGES) {
    const own = asked.filter((item) => item.lang === lang);
    const sample = own.filter((_, i) => i % SAMPLED === 0);
    let best = { configuration: '', mrr: -1 };
    for (const configuration of rival.configurations) {
      const reached = mrr(sample, new Map(await ranked(sample, configuration)));
      if (reached > best.mrr) best = { configuration, mrr: reached };
    }
    for (const [item, rank] of await ranked(own, best.configuration)) ranks.set(item, rank);
    chosen.push(`${lang}: ${best.configuration}`);
  }
  return { name: rival.name, ranks, chosen };
}

/** A rank is 0 for the first hit, and -1 for a quote that is not found. */
function reciprocal(rank = -1): number {
  return rank >= 0 && rank < 10 ? 1 / (rank + 1) : 0;
}

function mrr(asked: readonly KnownItem[], ranks: Found['ranks']): number {
  const sum = asked.reduce((total, item) => total + reciprocal(ranks.get(item)), 0);
  return (100 * sum) / asked.length;
}

function recall(asked: readonly KnownItem[], ranks: Found['ranks']): number {
  return (100 * asked.filter((item) => (ranks.get(item) ?? -1) >= 0).length) / asked.length;
}

function print(title: string, asked: readonly KnownItem[], engines: readonly Found[]): void {
  console.log(`\n${quotes.length} quotes, ${asked.length} queries; ${title}. MRR@10 / recall@20`);
  for (const { name, chosen } of engines.slice(1)) console.log(`  ${name}: ${chosen.join('; ')}`);
  const heads = engines.map(({ name }) => name.padStart(COLUMN)).join('');
  console.log(`${'language'.padEnd(10)}${'kind'.padEnd(11)}${'n'.padStart(5)}${heads}  verdict`);
  for (const lang of LANGUAGES) {
    for (const kind of [...KINDS, 'all']) {
      const own = asked.filter((item) => {
        return item.lang === lang && (kind === 'all' || item.kind === kind);
      });
      if (own.length === 0) continue;
      const cells = engines.map(({ ranks }) => {
        return `${mrr(own, ranks).toFixed(1)} / ${recall(own, ranks).toFixed(0)}`.padStart(COLUMN);
      });
      const row = `${lang.padEnd(10)}${kind.padEnd(11)}${String(own.length).padStart(5)}`;
      console.log(`${row}${cells.join('')}  ${verdict(own, engines)}`);
      if (kind !== 'all') printLost(own, engines);
    }
  }
}

/** Whether ours is ahead of each of the others. */
function verdict(asked: readonly KnownItem[], [first, ...others]: readonly Found[]): string {
  if (!first) return '';
  const own = mrr(asked, first.ranks);
  const behind = others.filter(({ ranks }) => mrr(asked, ranks) > own);
  return behind.length === 0 ? 'ahead' : `BEHIND ${behind.map(({ name }) => name).join(', ')}`;
}

function printLost(asked: readonly KnownItem[], [first, ...others]: readonly Found[]): void {
  const loss = (item: KnownItem) => {
    const best = Math.max(0, ...others.map(({ ranks }) => reciprocal(ranks.get(item))));
    return best - reciprocal(first?.ranks.get(item));
  };
  const worst = asked.filter((item) => loss(item) > 0).sort((a, b) => loss(b) - loss(a));
  for (const item of worst.slice(0, Number(values.lost))) {
    const at = ({ name, ranks }: Found) => `${name} ${(ranks.get(item) ?? -1) + 1 || '-'}`;
    const ranks = [first, ...others].map((engine) => engine && at(engine)).join(', ');
    console.log(`    ${item.query}  (${ranks})  ${quotes[item.target]?.text}`);
  }
}

function printCorrections(): void {
  const names = Object.keys(corrected);
  const heads = names.map((name) => name.padStart(COLUMN)).join('');
  console.log(`\nDid you mean: the first correction is right, in per cent`);
  console.log(`${'language'.padEnd(21)}${'n'.padStart(5)}${heads}`);
  for (const lang of [...LANGUAGES, 'all']) {
    const own = misspellings.flatMap((pair, i) => (lang === 'all' || pair.lang === lang ? i : []));
    const cells = names.map((name) => {
      const right = own.filter((i) => {
        const correction = corrected[name]?.[i] ?? '';
        return termsOf(correction).join() === termsOf(misspellings[i]?.right ?? '').join();
      });
      return ((100 * right.length) / own.length).toFixed(1).padStart(COLUMN);
    });
    console.log(`${lang.padEnd(21)}${String(own.length).padStart(5)}${cells.join('')}`);
  }
}
