import type { Quote } from '#libs/quotes/quote.document.ts';
import { escapeHtml } from '#libs/schema/html.escape.ts';
import { balanceLines, breakLines, paragraphsOf, widestUnit } from './line.breaker.ts';
import { attributionOf, lineOf, linesOf } from './plain.text.ts';

/** Lengths are in pixels. A README on GitHub shows a picture of this width as it is. */
const WIDTH = 800;
/** From the edge to the text, on the side where lines begin; the quotation mark stands there. */
const INDENT = 112;
/** Of a line in Georgia. The widest font that may stand in for it takes a sixth more. */
const COLUMN = 560;
const MARK_INDENT = 44;
const PADDING = 60;
/** In units of the size of a font: from line to line, and from the top of a line. */
const LINE_HEIGHT = 1.45;
const BASELINE = 1.07;
const CAPITAL_HEIGHT = 0.7;

/** The text is set in the first size in which it has at most so many lines. */
const SIZES = [
  { size: 40, maxLines: 3 },
  { size: 34, maxLines: 5 },
  { size: 28, maxLines: 7 },
  { size: 24, maxLines: 10 },
] as const;
/** Of a longer text. */
const LEAST_SIZE = 20;
/** A text with more lines of its own is set as running text, which bounds the height of a card. */
const MAX_PARAGRAPHS = 100;

const AUTHOR_SIZE = 20;
const SOURCE_SIZE = 17;
/** The short line between the text and who said it. */
const RULE = { width: 40, above: 28, below: 36 };

/** Two marks as fonts draw them above the line, 44 wide and 32 high, from 0, 0. */
const QUOTATION_MARK =
  'M18 0C7 4 0 12 0 22c0 6 4 10 9 10s9-4 9-9-3-8-8-8c0-4 4-8 10-11z' +
  'M42 0C31 4 24 12 24 22c0 6 4 10 9 10s9-4 9-9-3-8-8-8c0-4 4-8 10-11z';

const STYLE = [
  'text{font-family:Georgia,Gelasio,"Times New Roman",serif}',
  '.card{fill:#fffdf8;stroke:#e5dccb}.text{fill:#2a2520}.source{fill:#6e6457;font-style:italic}',
  '.mark{fill:#c8733a}',
  '@media(prefers-color-scheme:dark){',
  '.card{fill:#1d1b20;stroke:#3a363f}.text{fill:#f2ece1}.source{fill:#aba294}.mark{fill:#e39a63}',
  '}',
].join('');

/** The first letter or mark tells the direction of a text, as in Unicode's algorithm. */
const STRONG = /[\p{L}\u061c\u200e\u200f]/u;
const FROM_RIGHT =
  /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Lines of the same kind, one below the other. */
interface Block {
  lines: string[];
  size: number;
  className: string;
}

/**
 * A quote as a picture in SVG for web pages and READMEs. It has no script and needs no other
 * resource, and is light or dark as its reader prefers.
 */
export function quoteCard(quote: Quote): string {
  const { author, source, lang } = quote;
  const isFromRight = readsFromRight(quote.quote);
  const drawing: string[] = [];
  let height = PADDING;
  const draw = (block: Block) => {
    drawing.push(drawBlock(block, height, isFromRight));
    height += heightOf(block);
  };

  const text = textBlock(quote.quote);
  drawing.push(drawMark(text.size, isFromRight));
  draw(text);
  if (author !== null || source !== null) {
    drawing.push(drawRule(height + RULE.above, isFromRight));
    height += RULE.above + RULE.below;
    if (author !== null) draw(detailBlock(author, AUTHOR_SIZE, 'text'));
    if (source !== null) draw(detailBlock(source, SOURCE_SIZE, 'source'));
  }
  height = Math.round(height + PADDING);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}"`,
    ` height="${height}" role="img" aria-labelledby="title"${lang ? ` lang="${lang}"` : ''}>`,
    `<title id="title">${escapeHtml(titleOf(quote))}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="card" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="16"/>`,
    ...drawing,
    '</svg>\n',
  ].join('');
}

function titleOf(quote: Quote): string {
  const attribution = attributionOf(quote);
  const text = lineOf(quote.quote);
  return attribution === undefined ? text : `${text} \u2014 ${attribution}`;
}

/** The text in the largest size that suits it. */
function textBlock(text: string): Block {
  const written = linesOf(text)
    .map((line) => line.trim())
    .filter((line, i, all) => line !== '' || all[i - 1] !== '');
  const paragraphs = paragraphsOf(written.length > MAX_PARAGRAPHS ? [written.join(' ')] : written);
  const widest = widestUnit(paragraphs);
  for (const { size, maxLines } of SIZES) {
    const column = COLUMN / size;
    if (widest > column || breakLines(paragraphs, column).length > maxLines) continue;
    // A verse keeps its lines, of which some are short.
    const breaker = paragraphs.length === 1 ? balanceLines : breakLines;
    return { lines: breaker(paragraphs, column), size, className: 'text' };
  }
  const lines = breakLines(paragraphs, COLUMN / LEAST_SIZE);
  return { lines, size: LEAST_SIZE, className: 'text' };
}

function detailBlock(text: string, size: number, className: string): Block {
  return { lines: breakLines(paragraphsOf([lineOf(text)]), COLUMN / size), size, className };
}

function readsFromRight(text: string): boolean {
  return FROM_RIGHT.test(STRONG.exec(text)?.[0] ?? '');
}

/** An empty line, as between stanzas, takes the half of another. */
function heightOf({ lines, size }: Block): number {
  const empty = lines.filter((line) => line === '').length;
  return (lines.length - empty / 2) * size * LINE_HEIGHT;
}

/** Each line is a text of its own, so that it is put in order from left and right alone. */
function drawBlock({ lines, size, className }: Block, top: number, isFromRight: boolean): string {
  const hasOwnDirection = readsFromRight(lines.join(' '));
  const attributes = [
    `class="${className}" font-size="${size}"`,
    hasOwnDirection ? ' direction="rtl"' : '',
    hasOwnDirection === isFromRight ? '' : ' text-anchor="end"',
  ].join('');
  const x = isFromRight ? WIDTH - INDENT : INDENT;
  let baseline = top + size * BASELINE;
  const texts = lines.map((line) => {
    const y = Math.round(baseline);
    baseline += size * LINE_HEIGHT * (line === '' ? 0.5 : 1);
    return line === '' ? '' : `<text x="${x}" y="${y}">${escapeHtml(line)}</text>`;
  });
  return `<g ${attributes}>${texts.join('')}</g>`;
}

/** The quotation mark stands as high as the capitals of the first line. */
function drawMark(size: number, isFromRight: boolean): string {
  const y = Math.round(PADDING + size * (BASELINE - CAPITAL_HEIGHT));
  const place = isFromRight
    ? `translate(${WIDTH - MARK_INDENT} ${y}) scale(-1 1)`
    : `translate(${MARK_INDENT} ${y})`;
  return `<path class="mark" transform="${place}" d="${QUOTATION_MARK}"/>`;
}

function drawRule(y: number, isFromRight: boolean): string {
  const x = isFromRight ? WIDTH - INDENT - RULE.width : INDENT;
  const top = Math.round(y);
  return `<rect class="mark" x="${x}" y="${top}" width="${RULE.width}" height="3" rx="1.5"/>`;
}
