import type { Query, QueryWord } from './query.parser.ts';
import { type Token, tokenize } from './tokenizer.ts';

/** Characters of the text that a fragment shows at most, the ellipses and the markup apart. */
export const FRAGMENT = 200;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** What a search looked for. */
export interface Sought {
  query: Query;
  /** By word of the query, the terms that it was taken for; see SearchResult. */
  similar: string[][];
}

/**
 * The part of `text` that shows best why it matches, as HTML: what matched stands in `<mark>`, everything else is escaped, so that it may be put
 * into a page as it is. Longer texts are cut between words, around the window that holds most of the query's words, and show `…` where they are cut.
 * @param looked characters of the text that are looked at: what the highlighting costs
 */
export function highlight(sought: Sought, text: string, looked = text.length): string {
  const tokens = tokenize(text.slice(0, looked));
  // The last word may have been cut.
  if (looked < text.length && tokens.at(-1)?.end === looked) tokens.pop();
  const marks = matching(sought, tokens);
  const { start, end } = bestWindow(text, tokens, marks);
  let html = start > 0 ? '…' : '';
  let at = start;
  for (const token of tokens) {
    if (token.start < start || token.end > end || !marks.has(token)) continue;
    html += `${escapeHtml(text.slice(at, token.start))}<mark>${escapeHtml(text.slice(token.start, token.end))}</mark>`;
    at = token.end;
  }
  html += escapeHtml(text.slice(at, end));
  return end < text.length ? `${html}…` : html;
}

/** Which word of the query each token matches: typos count only for a word that nothing in the text matches without. */
function matching({ query, similar }: Sought, tokens: Token[]): Map<Token, QueryWord> {
  const marks = new Map<Token, QueryWord>();
  query.words.forEach((word, i) => {
    let found = tokens.filter(({ term }) => term === word.term || (word.prefix && term.startsWith(word.term)));
    const terms = new Set(similar[i]);
    if (found.length === 0 && terms.size > 0) found = tokens.filter(({ term }) => terms.has(term));
    for (const token of found) marks.set(token, word);
  });
  return marks;
}

function bestWindow(text: string, tokens: Token[], marks: Map<Token, QueryWord>): { start: number; end: number } {
  if (text.length <= FRAGMENT) return { start: 0, end: text.length };
  const marked = tokens.filter((token) => marks.has(token));
  let best = { words: 0, marks: 0, start: 0, end: 0 };
  marked.forEach((first, i) => {
    const words = new Set<QueryWord | undefined>();
    let last = i;
    for (let j = i; j < marked.length && (marked[j] as Token).end - first.start <= FRAGMENT; j++) {
      words.add(marks.get(marked[j] as Token));
      last = j;
    }
    const count = last - i + 1;
    if (words.size > best.words || (words.size === best.words && count > best.marks)) {
      best = { words: words.size, marks: count, start: first.start, end: (marked[last] as Token).end };
    }
  });
  // The room left is shared by both sides; what one side cannot use goes to the other.
  const room = Math.max(0, FRAGMENT - (best.end - best.start));
  const from = Math.max(0, Math.min(best.start - Math.floor(room / 2), text.length - FRAGMENT));
  const to = Math.min(text.length, from + FRAGMENT);
  const start = from === 0 ? 0 : tokens.find((token) => token.start >= from)?.start;
  const end = to === text.length ? to : tokens.findLast((token) => token.end <= to)?.end;
  return { start: Math.min(start ?? from, best.start), end: Math.max(end ?? to, best.end) };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
