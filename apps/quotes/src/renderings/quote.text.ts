import type { Quote } from '#libs/quotes/quote.document.ts';
import { attributionOf, linesOf } from './plain.text.ts';

/** A quote as plain text for shells: its lines, and behind a dash who said it and where. */
export function quoteText(quote: Quote): string {
  const attribution = attributionOf(quote);
  const lines = linesOf(quote.quote);
  if (attribution !== undefined) lines.push(`\u2014 ${attribution}`);
  return `${lines.join('\n')}\n`;
}
