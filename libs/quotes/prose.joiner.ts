/** A text that was wrapped has at least one line of this many characters. */
const MIN_WIDTH = 50;

/** So large a part of the line ends stand where the next word had no more room. */
const MIN_FULL_SHARE = 0.75;

/** Room that may be left: those who wrap by hand do not fill every line. */
const SLACK = 8;

/** Lines of verse are hardly ever as long as this, so that one capital letter shows no verse. */
const LONG_LINE = 66;

const TAB_WIDTH = 8;

/** How a line begins that does not continue the one before: an item, a speaker, a signature. */
const BEGINNING =
  /^\s*(?:[-*•]\s|\(?[\divx]+[.)]\s|\p{Lu}[\p{L} .]{0,20}:\s|<\w+>|-{2,}\s*(?!I\b)\p{Lu})/u;

const SMALL = /^\s*["“'(]*\p{Ll}/u;
const CAPITAL = /^\s*["“'(]*\p{Lu}/u;

/** Words that stand in columns. */
const COLUMNS = /\S(?: {3,}|\t)\S/;

/**
 * Joins the lines of prose that was wrapped at some width, and leaves verse, lists, dialogues and
 * tables as they are.
 *
 * Prose is wrapped where the next word has no more room, so nearly all of its lines are full; and
 * the next line goes on in the middle of a sentence, so it mostly begins with a small letter. Lines
 * of verse end where the poet ends them: they begin with capital letters in the middle of a
 * sentence, above all after a comma, or they differ in length. In doubt, lines stay as they are.
 * Line ends in wrapped prose stay where a paragraph, a list item or a speaker begins.
 */
export function joinWrapped(text: string): string {
  const lines = text.trimEnd().split('\n').map(toLine);
  const shape = {
    width: Math.max(...lines.map(({ width }) => width)),
    indent: Math.min(...lines.filter(({ width }) => width > 0).map(({ indent }) => indent)),
  };
  if (!isWrapped(lines, shape)) return text;
  return lines.reduce((joined, line, index) => {
    const last = lines[index - 1];
    if (!last) return line.text.trimEnd();
    const isBroken = isFull(last, line, shape) || SMALL.test(line.text);
    if (!isBroken || !goesOn(last, line, shape)) return `${joined}\n${line.text.trimEnd()}`;
    const glue = /\p{L}-$/u.test(joined) ? '' : ' ';
    return joined + glue + line.text.trim();
  }, '');
}

interface TextLine {
  text: string;
  /** In columns, with tabs as wide as they are shown; so are the others. */
  width: number;
  indent: number;
  /** Of the first word. */
  word: number;
}

/** The longest line of a text, and the smallest indent. */
interface Shape {
  width: number;
  indent: number;
}

function toLine(text: string): TextLine {
  const shown = expandTabs(text).trimEnd();
  const bare = shown.trimStart();
  return {
    text,
    width: shown.length,
    indent: shown.length - bare.length,
    word: /^\S+/.exec(bare)?.[0].length ?? 0,
  };
}

function isWrapped(lines: readonly TextLine[], shape: Shape): boolean {
  if (shape.width < MIN_WIDTH) return false;
  let [ends, full, small, capital] = [0, 0, 0, 0];
  lines.forEach((line, index) => {
    const last = lines[index - 1];
    if (!last || !goesOn(last, line, shape)) return;
    ends += 1;
    if (isFull(last, line, shape)) full += 1;
    if (SMALL.test(line.text)) small += 1;
    else if (CAPITAL.test(line.text) && !endsSentence(last.text))
      capital += /[,;]\s*$/.test(last.text) ? 2 : 1;
  });
  const continued = small + (shape.width >= LONG_LINE ? 1 : 0);
  const isEvident = small > 0 || ends === 1;
  return isEvident && continued > 0 && continued >= capital && full >= ends * MIN_FULL_SHARE;
}

/** Whether the first word of the next line had no more room. */
const isFull = (line: TextLine, next: TextLine, { width }: Shape) =>
  line.width + 1 + next.word > width - SLACK;

/** Whether a line may continue the one before. */
function goesOn(last: TextLine, line: TextLine, { indent }: Shape): boolean {
  const isColumns = COLUMNS.test(last.text.trim()) || COLUMNS.test(line.text.trim());
  return (
    last.width > 0 &&
    line.width > 0 &&
    (line.indent === indent || (line.indent === last.indent && SMALL.test(line.text))) &&
    !isColumns &&
    !BEGINNING.test(line.text)
  );
}

const endsSentence = (text: string) => /[.!?…:]["”')\]]*\s*$/.test(text);

function expandTabs(text: string): string {
  if (!text.includes('\t')) return text;
  let shown = '';
  for (const character of text) {
    shown += character === '\t' ? ' '.repeat(TAB_WIDTH - (shown.length % TAB_WIDTH)) : character;
  }
  return shown;
}
