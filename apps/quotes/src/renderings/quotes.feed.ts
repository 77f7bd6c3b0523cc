import type { Quote } from '#libs/quotes/quote.document.ts';
import { escapeHtml } from '#libs/schema/html.escape.ts';
import { attributionOf, lineOf, linesOf } from './plain.text.ts';

/** Ids stay the same wherever the platform is reached. */
const URN = 'urn:quotes-platform';
/** The author of quotes that nobody is known to have said: Atom demands one. */
const PLATFORM = 'Quotes platform';
/** When an empty feed was changed: a feed must tell a time, and the same feed the same one. */
const NEVER = '2000-01-01T00:00:00.000Z';
/** In characters. */
const MAX_TITLE_LENGTH = 80;

/**
 * Quotes as an Atom feed (RFC 4287), in the order given. Links are paths, which readers resolve
 * against the address that they read the feed from, so that no header of a request can change them.
 */
export function quotesFeed(quotes: readonly Quote[]): string {
  const updated = quotes
    .map(({ updated_at }) => updated_at)
    .reduce((a, b) => (a > b ? a : b), NEVER);
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<id>${URN}:quotes</id>`,
    '<title>Quotes</title>',
    `<updated>${updated}</updated>`,
    `<author><name>${PLATFORM}</name></author>`,
    '<link rel="self" type="application/atom+xml" href="/quotes/feed.atom"/>',
    ...quotes.map(entryOf),
    '</feed>',
    '',
  ].join('\n');
}

function entryOf(quote: Quote): string {
  const { id, author, lang, tags, created_at, updated_at } = quote;
  return [
    lang === null ? '<entry>' : `<entry xml:lang="${lang}">`,
    `<id>${URN}:quote:${id}</id>`,
    `<title>${escapeHtml(titleOf(lineOf(quote.quote)))}</title>`,
    `<published>${created_at}</published>`,
    `<updated>${updated_at}</updated>`,
    ...(author === null ? [] : [`<author><name>${escapeHtml(lineOf(author))}</name></author>`]),
    ...tags.map((tag) => `<category term="${escapeHtml(lineOf(tag))}"/>`),
    `<link rel="alternate" type="image/svg+xml" href="/quotes/${id}.svg"/>`,
    `<content type="xhtml">${contentOf(quote)}</content>`,
    '</entry>',
  ].join('\n');
}

/** The quote and who said it, in XHTML; its lines stay lines. */
function contentOf(quote: Quote): string {
  const text = linesOf(quote.quote).map(escapeHtml).join('<br/>');
  const attribution = attributionOf(quote);
  const footer = attribution === undefined ? '' : `<p>\u2014 ${escapeHtml(attribution)}</p>`;
  const quotation = `<blockquote dir="auto"><p>${text}</p></blockquote>`;
  return `<div xmlns="http://www.w3.org/1999/xhtml">${quotation}${footer}</div>`;
}

/** The beginning of a long text, up to the end of a word. */
function titleOf(text: string): string {
  const characters = [...text];
  if (characters.length <= MAX_TITLE_LENGTH) return text;
  const beginning = characters.slice(0, MAX_TITLE_LENGTH).join('');
  return `${beginning.replace(/\s+\S*$/, '')}\u2026`;
}
