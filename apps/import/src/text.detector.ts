import { namesAuthor, parseAttribution } from './attribution.parser.ts';
import { isSeparator } from './block.reader.ts';
import type { Format } from './row.reader.ts';
import { UnknownFormatError } from './unknown-format.error.ts';

/**
 * Blocks between lines of the most frequent of these separators, if there are as many as `least`.
 */
export function detectBlocks(
  lines: readonly string[],
  separators: readonly string[],
  least = 1,
): Format | undefined {
  const counts = separators.map((separator) => ({
    separator,
    count: lines.filter((line) => isSeparator(line, separator)).length,
  }));
  const [most] = counts.sort((a, b) => b.count - a.count);
  return most && most.count >= least
    ? { name: 'blocks', separator: most.separator, rot13: false }
    : undefined;
}

/** What lines may be that are no quotes, and the share of the lines that tells it. */
const OTHERS: readonly { what: string; pattern: RegExp; over: number }[] = [
  {
    what: 'looks like settings or YAML',
    pattern: /^\s*(?:- )?["']?[\p{Ll}_][\w-]*["']?\s*[:=](?:\s|$)/u,
    over: 0.5,
  },
  {
    what: 'looks like a program',
    pattern: /^\s*(?:(?:export )?(?:const|let|var) \w+ ?=|[\w.$]+ ?= ?[[{]|[\w.$]+\(\s*[[{])/,
    over: 0,
  },
  { what: 'has JSON in it', pattern: /\{\s*"[^"]*"\s*:/, over: 0 },
  { what: 'has headings or comments behind #', pattern: /^\s*#{1,6}\s/, over: 0 },
  { what: 'looks like Markdown', pattern: /^\s*(?:>(?:\s|$)|```)/, over: 0.2 },
  {
    what: 'has lines of mere marks, which separate something',
    pattern: /^\s*([-*=_~#%+>])\1*\s*$/,
    over: 0,
  },
  {
    what: 'looks like a table with blanks between quoted fields',
    pattern: /^"[^"]*" +"[^"]*"(?: +"[^"]*")*\s*$/,
    over: 0.5,
  },
];

/** If so many lines end as a sentence does, each is a quote. */
const COMPLETE_SHARE = 0.8;

/** If so many lines of others begin small or end in a comma, they are no quotes. */
const OPEN_SHARE = 0.2;

/** If so many lines name an author and nothing else, and not all do, they belong to other lines. */
const SIGNATURE_SHARE = 0.2;

/**
 * One quote a line.
 * @throws UnknownFormatError when the lines are something else, or go on from one to the next
 */
export function detectLines(lines: string[]): Format {
  const filled = lines.filter((line) => line.trim() !== '');
  const share = (isSo: (line: string) => boolean) => filled.filter(isSo).length / filled.length;
  for (const { what, pattern, over } of OTHERS)
    if (share((line) => pattern.test(line)) > over) throw noLines(what);
  const signed = share(namesAuthor);
  if (signed > SIGNATURE_SHARE && signed < 1) throw noLines('has authors on lines of their own');
  const isComplete = (line: string) =>
    /[.!?…。！？؟۔।"”»'’)\]]\s*$/.test(line) || parseAttribution(line, ['dash']) !== undefined;
  if (filled.length > 1 && share(isComplete) < COMPLETE_SHARE) {
    if (share((line) => /^\s*(?:- )?["']?[\w-]+["']?\s*[:=](?:\s|$)/.test(line)) > 0.5)
      throw noLines('looks like settings or YAML');
    const goesOn = (line: string) =>
      /^\s*["“'(]*\p{Ll}/u.test(line) || /[,;、，；،؛]\s*$/.test(line);
    if (share(goesOn) > OPEN_SHARE)
      throw noLines('looks like running text or verse, whose lines go on from one to the next');
  }
  return { name: 'lines' };
}

const noLines = (what: string) =>
  new UnknownFormatError(
    `${what}. Put a line that holds only % between the quotes, or say --format lines if each ` +
      'line is one',
  );
