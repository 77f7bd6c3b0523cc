import { charactersOf, widthOf } from './text.metrics.ts';

/** What is not broken, unless it is wider than a line: a word with its punctuation, mostly. */
interface Unit {
  text: string;
  /** In ems. */
  width: number;
  /** Whether a blank stands before it. */
  isSpaced: boolean;
}

/** A text that is to be broken into lines: the units of each paragraph. */
export type Paragraphs = readonly (readonly Unit[])[];

const BLANK_WIDTH = widthOf(' ');

/** Blanks at which a line may end. At the others, such as the no-break space, none may. */
const BLANKS = /[\t \u1680\u2000-\u2006\u2008-\u200a\u205f\u3000]+/;

/** Blanks that French has before and behind marks; a line must neither begin nor end there. */
const BLANKS_BY_PUNCTUATION = / +(?=[!?:;\xbb\u203a])|(?<=[\xab\u2039]) +/g;

/** Scripts that are written without blanks between words, and emoji. */
const UNSPACED = charactersOf(
  ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar', 'Tai_Le'],
  '\\p{Extended_Pictographic}\\p{Regional_Indicator}',
);
const PICTURE = /[\p{Extended_Pictographic}\p{Regional_Indicator}]/u;
const OPENING = /^[\p{Ps}\p{Pi}]+$/u;

/** Within a word of other scripts: behind a hyphen, a dash or a slash between letters. */
const BEHIND_HYPHEN = /(?<=\p{L}[-\u2010\u2012-\u2014/]{1,3})(?=\p{L})/u;

const wordBreaker = new Intl.Segmenter('en', { granularity: 'word' });
const graphemeBreaker = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Finds where lines of a text may end.
 * @param lines each becomes a paragraph
 */
export function paragraphsOf(lines: readonly string[]): Paragraphs {
  return lines.map((line) => {
    const text = line.replace(BLANKS_BY_PUNCTUATION, '\xa0');
    const words = text.split(BLANKS).filter((word) => word !== '');
    return words.flatMap((word) =>
      partsOf(word).map((part, i) => ({ text: part, width: widthOf(part), isSpaced: i === 0 })),
    );
  });
}

/** The width of the widest unit, in ems. */
export function widestUnit(paragraphs: Paragraphs): number {
  let widest = 0;
  for (const unit of paragraphs.flat()) widest = Math.max(widest, unit.width);
  return widest;
}

/** Breaks paragraphs into lines of at most `width` ems. */
export function breakLines(paragraphs: Paragraphs, width: number): string[] {
  return paragraphs.flatMap((units) => fillLines(units, width));
}

/** The same number of lines, broken so that they are about equally long. */
export function balanceLines(paragraphs: Paragraphs, width: number): string[] {
  let lines = breakLines(paragraphs, width);
  let narrow = Math.min(width, widestUnit(paragraphs));
  let wide = width;
  // Six steps find the least width to within a letter.
  for (let step = 0; step < 6; step += 1) {
    const middle = (narrow + wide) / 2;
    const candidate = breakLines(paragraphs, middle);
    if (candidate.length > lines.length) {
      narrow = middle;
    } else {
      lines = candidate;
      wide = middle;
    }
  }
  return lines;
}

function fillLines(units: readonly Unit[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const unit of units) {
    const parts = unit.width > width ? split(unit, width) : [unit];
    for (const { text, width: needed, isSpaced } of parts) {
      const gap = isSpaced && line !== '' ? BLANK_WIDTH : 0;
      if (line !== '' && used + gap + needed > width) {
        lines.push(line);
        line = text;
        used = needed;
      } else {
        line += gap > 0 ? ` ${text}` : text;
        used += gap + needed;
      }
    }
  }
  lines.push(line);
  return lines;
}

/** The parts of a unit that is wider than a line, each as long as fits. */
function split({ text, isSpaced }: Unit, width: number): Unit[] {
  const parts: Unit[] = [];
  let part: Unit = { text: '', width: 0, isSpaced };
  for (const { segment } of graphemeBreaker.segment(text)) {
    const needed = widthOf(segment);
    if (part.text !== '' && part.width + needed > width) {
      parts.push(part);
      part = { text: '', width: 0, isSpaced: false };
    }
    part.text += segment;
    part.width += needed;
  }
  parts.push(part);
  return parts;
}

/** The parts of what stands between blanks, between which a line may end. */
function partsOf(word: string): string[] {
  if (!UNSPACED.test(word)) return word.split(BEHIND_HYPHEN);
  const parts: string[] = [];
  let isOpen = false;
  for (const { segment, isWordLike } of wordBreaker.segment(word)) {
    const opens = OPENING.test(segment);
    const stands = isWordLike || opens || PICTURE.test(segment);
    // No line ends behind an opening mark, or begins with other punctuation.
    if (parts.length > 0 && (isOpen || !stands)) parts[parts.length - 1] += segment;
    else parts.push(segment);
    isOpen = opens;
  }
  return parts;
}
