import { joinWrapped } from '#libs/quotes/prose.joiner.ts';
import { type AttributionStyle, parseAttribution } from './attribution.parser.ts';

const STYLES: readonly AttributionStyle[] = ['line', 'dash', 'brackets'];

/** How many of the texts must name an author in a style, for the file to follow it plainly. */
const PLAIN_SHARE: Readonly<Record<AttributionStyle, { share: number; least: number }>> = {
  // Nothing else looks like a dash and a name on a line of their own.
  line: { share: 0.1, least: 1 },
  dash: { share: 0.5, least: 2 },
  brackets: { share: 0.5, least: 2 },
};

/** What is done to the quotes of a file beyond reading them. */
export interface Tidying {
  /** How the ends of texts name authors; empty leaves the texts alone. */
  attribution: readonly AttributionStyle[];
  /** Whether prose that was wrapped is joined. */
  joins: boolean;
}

/** The rows of which the end of the text can be an attribution. */
interface QuoteRow {
  quote: string;
  author?: unknown;
}

const isQuoteRow = (value: unknown): value is QuoteRow =>
  typeof value === 'object' &&
  value !== null &&
  'quote' in value &&
  typeof value.quote === 'string';

/**
 * The styles that a file follows.
 * @param sample rows of the file
 * @param told whether the user allows or forbids to look for authors in texts; else a file that has
 *   authors elsewhere is left alone, and any other must follow a style plainly
 */
export function attributionOf(
  sample: readonly unknown[],
  told: boolean | undefined,
): readonly AttributionStyle[] {
  if (told !== undefined) return told ? STYLES : [];
  const rows = sample.filter(isQuoteRow);
  if (rows.some(({ author }) => author !== undefined && author !== null)) return [];
  const counts = { line: 0, dash: 0, brackets: 0 };
  for (const { quote } of rows) {
    const style = parseAttribution(quote, STYLES)?.style;
    if (style) counts[style] += 1;
  }
  return STYLES.filter((style) => {
    const { share, least } = PLAIN_SHARE[style];
    return counts[style] >= Math.max(least, rows.length * share);
  });
}

/** A row with its author and source apart from the text, and its prose joined. */
export function tidy(value: unknown, { attribution, joins }: Tidying): unknown {
  if ((attribution.length === 0 && !joins) || !isQuoteRow(value)) return value;
  const isAnonymous = value.author === undefined || value.author === null;
  const found = isAnonymous ? parseAttribution(value.quote, attribution) : undefined;
  const row = found ? { ...value, ...found.named, quote: found.quote } : value;
  return joins ? { ...row, quote: joinWrapped(row.quote) } : row;
}
