import type { Quote } from '#libs/quotes/quote.document.ts';

/**
 * Characters that change the order in which the text around them is shown, so that it reads as
 * something else than it is, and the two that XML 1.0 cannot hold. Texts have no other characters
 * that a terminal or XML would not take: see textSchema().
 */
const UNWANTED = /[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

const LINE_END = /\r\n|[\n\r\u2028\u2029]/;

/** The lines of a text for people, which are safe in a terminal and in XML. */
export function linesOf(text: string): string[] {
  return text.replace(UNWANTED, '').split(LINE_END);
}

/** A text for people as one line. */
export function lineOf(text: string): string {
  return linesOf(text).join(' ').replace(/\s+/g, ' ');
}

/** Who said a quote and where, as one line; undefined when neither is known. */
export function attributionOf({ author, source }: Quote): string | undefined {
  const parts = [author, source].filter((part) => part !== null);
  return parts.length > 0 ? parts.map(lineOf).join(', ') : undefined;
}
