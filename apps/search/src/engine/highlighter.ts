import { escapeHtml } from '#libs/schema/html.escape.ts';
import type { Query, QueryWord } from './query.parser.ts';
import type { SearchResult } from './search.engine.ts';
import { type Token, tokenize } from './tokenizer.ts';

/** How much of a text is shown, without ellipses and markup. */
export const MAX_FRAGMENT_CHARACTERS = 200;

/** What a search looked for. */
export interface Sought extends Pick<SearchResult, 'similar' | 'inflected' | 'rewritings'> {
  query: Query;
}

/** A part of a text. */
interface Window {
  start: number;
  end: number;
}

const END = '</mark>';

/**
 * The part of `text` that shows best why it matches, as HTML: what matched is in `<mark>`, and
 * everything is escaped, so that it may be put into a page as it is. A longer text is cut between
 * words, around the window that holds the most words of the query, and shows `…` where it is cut.
 * @param maxRead how many characters of the text are read, which is what the highlighting costs
 */
export function highlight(sought: Sought, text: string, maxRead = text.length): string {
  const tokens = tokenize(text.slice(0, maxRead));
  // The last word may have been cut.
  if (maxRead < text.length && tokens.at(-1)?.end === maxRead) tokens.pop();
  const marks = wordsByToken(sought, tokens);
  const { start, end } = bestWindow(text, tokens, marks);
  let html = start > 0 ? '…' : '';
  let at = start;
  for (const token of tokens) {
    if (token.start < start || token.end > end || !marks.has(token)) continue;
    // Marks that touch, of characters of a script without spaces, are one.
    if (at === token.start && html.endsWith(END)) html = html.slice(0, -END.length);
    else html += `${escapeHtml(text.slice(at, token.start))}<mark>`;
    html += escapeHtml(text.slice(token.start, token.end)) + END;
    at = token.end;
  }
  html += escapeHtml(text.slice(at, end));
  return end < text.length ? `${html}…` : html;
}

/**
 * By token, the word of the query that it matches: by a similar term only if no token matches that
 * word otherwise, and split or joined only if one of the words is not found as it is. A word of a
 * phrase is matched where the phrase stands.
 */
function wordsByToken(sought: Sought, tokens: Token[]): Map<Token, QueryWord> {
  const { query, similar, inflected, rewritings } = sought;
  const marks = new Map<Token, QueryWord>();
  const missing = new Map<string, QueryWord>();
  query.words.forEach((word, i) => {
    const forms = new Set(inflected[i]);
    const phrases = query.phrases.filter((phrase) => phrase.includes(word.term));
    const places = phrases.length > 0 ? phrases.flatMap((phrase) => find(phrase, tokens)) : tokens;
    let found = places.filter(({ term }) => {
      return term === word.term || (word.prefix && term.startsWith(word.term)) || forms.has(term);
    });
    if (found.length === 0) missing.set(word.term, word);
    const terms = new Set(similar[i]);
    if (found.length === 0 && terms.size > 0) found = tokens.filter(({ term }) => terms.has(term));
    for (const token of found) marks.set(token, word);
  });
  for (const { words, terms } of rewritings) {
    const word = words.map((text) => missing.get(text)).find((word) => word !== undefined);
    if (word === undefined) continue;
    for (const token of find(terms, tokens)) marks.set(token, word);
  }
  return marks;
}

/** The tokens that the phrase stands on. */
function find(phrase: string[], tokens: Token[]): Token[] {
  const stands = (start: number) => phrase.every((term, i) => tokens[start + i]?.term === term);
  return tokens.flatMap((_, i) => (stands(i) ? tokens.slice(i, i + phrase.length) : []));
}

/**
 * The window with the most words of the query, of these the one with the most marks, of these the
 * first.
 */
function bestWindow(text: string, tokens: Token[], marks: Map<Token, QueryWord>): Window {
  if (text.length <= MAX_FRAGMENT_CHARACTERS) return { start: 0, end: text.length };
  const marked = tokens.filter((token) => marks.has(token));
  let best = { words: 0, marks: 0, start: 0, end: 0 };
  marked.forEach((first, i) => {
    const words = new Set<QueryWord | undefined>();
    let last = i;
    for (let j = i; j < marked.length; j++) {
      const token = marked[j] as Token;
      if (token.end - first.start > MAX_FRAGMENT_CHARACTERS) break;
      words.add(marks.get(token));
      last = j;
    }
    const count = last - i + 1;
    if (words.size > best.words || (words.size === best.words && count > best.marks)) {
      const { end } = marked[last] as Token;
      best = { words: words.size, marks: count, start: first.start, end };
    }
  });
  // Both sides share the remaining characters. One side gets those that the other cannot use.
  const room = Math.max(0, MAX_FRAGMENT_CHARACTERS - (best.end - best.start));
  const centred = best.start - Math.floor(room / 2);
  const from = Math.max(0, Math.min(centred, text.length - MAX_FRAGMENT_CHARACTERS));
  const to = Math.min(text.length, from + MAX_FRAGMENT_CHARACTERS);
  const start = from === 0 ? 0 : tokens.find((token) => token.start >= from)?.start;
  const end = to === text.length ? to : tokens.findLast((token) => token.end <= to)?.end;
  return { start: Math.min(start ?? from, best.start), end: Math.max(end ?? to, best.end) };
}
