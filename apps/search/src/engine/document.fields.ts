import type { QuoteDetails } from './quote.details.ts';
import { fieldImpact } from './ranking.ts';
import { termsOf } from './tokenizer.ts';

/**
 * The number that stands in front of each field of a document but its text. No term has it, so that
 * no phrase reaches from one field into another.
 */
export const FIELD_BOUNDARY = 0;

/** The terms of the fields of a quote, in this order: its text, author, source, and each tag. */
export function fieldsOf(
  quote: string,
  { author, source, tags }: Pick<QuoteDetails, 'author' | 'source' | 'tags'>,
): string[][] {
  const fields = [quote, author ?? '', source ?? '', ...tags].map(termsOf);
  return fields.slice(0, fields.findLastIndex((terms, i) => i === 0 || terms.length > 0) + 1);
}

/** How many of the tokens from `from` up to, but without, `to` are those of the text. */
export function textLength(tokens: Uint32Array, from = 0, to = tokens.length): number {
  let end = from;
  while (end < to && tokens[end] !== FIELD_BOUNDARY) end++;
  return end - from;
}

/**
 * Sets `impacts` to the impacts of the tokens that stand behind the text: those from `length` up
 * to, but without, `count`. A boundary gets 0.
 */
export function readFieldImpacts(
  tokens: Uint32Array,
  length: number,
  count: number,
  impacts: Uint8Array,
): void {
  let field = 0;
  for (let start = length; start < count; ) {
    field++;
    impacts[start++] = 0;
    let end = start;
    while (end < count && tokens[end] !== FIELD_BOUNDARY) end++;
    impacts.fill(fieldImpact(field, end - start), start, end);
    start = end;
  }
}
