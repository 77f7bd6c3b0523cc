import { unquote } from './plain-lines.reader.ts';

/** A text whose end said who said it. */
export interface Attributed {
  /** The text without that end. */
  quote: string;
  named: { author?: string; source?: string };
}

/**
 * The ways to name an author at the end of a text: on a line of its own behind a dash, in the same
 * line behind a dash, and in brackets.
 */
export type AttributionStyle = 'line' | 'dash' | 'brackets';

const MAX_AUTHOR_CHARACTERS = 100;
const MAX_SOURCE_CHARACTERS = 200;

/** Words of a name beside particles. */
const MAX_NAME_WORDS = 5;

/** Lines that an attribution may take when it is too long for one. */
const MAX_LINES = 3;

/** Words in lower case that stand in names. */
const PARTICLES = new Set(
  (
    'a af al an and ap at av aus bin da das de degli dei del della den der des di do dos du e el ' +
    'en et für ibn in la las le les lo los o of och og op ou the ten ter und van ver vom von y ' +
    'zu zum zur'
  ).split(' '),
);

/** What stands between a name and the rest of a signature. */
const END_OF_NAME = new RegExp(
  [
    ',? (?=["“«(<_])',
    ', (?!(?:Jr|Sr|II|III|IV|Ph\\. ?D|M\\. ?D|Esq)\\b)',
    ' (?=(?:in|on|from) ["“«<_\\p{Lu}])',
    '$',
  ].join('|'),
  'u',
);

const parsers: Record<AttributionStyle, (text: string) => Attributed | undefined> = {
  line: parseOwnLine,
  dash: parseDash,
  brackets: parseBrackets,
};

/** The style in which a text names its author, and what the text is without it. */
export function parseAttribution(
  text: string,
  styles: Iterable<AttributionStyle>,
): (Attributed & { style: AttributionStyle }) | undefined {
  for (const style of styles) {
    const attributed = parsers[style](text);
    if (attributed) return { ...attributed, style };
  }
  return undefined;
}

/** `-- Mark Twain, "Work"` alone on the last line, or on the last lines, which are indented. */
function parseOwnLine(text: string): Attributed | undefined {
  const lines = text.trimEnd().split('\n');
  for (let index = lines.length - 1; index > 0 && index >= lines.length - MAX_LINES; index--) {
    const line = lines[index] ?? '';
    const [, dash, signature] = /^(\s*(?:-{2,3}|[—―–]))\s*(\S.*)$/u.exec(line) ?? [];
    if (dash === undefined || signature === undefined) {
      // A line behind the first one of an attribution is indented, and none is blank.
      if (!/^\s+\S/.test(line)) return undefined;
      continue;
    }
    // Lines behind the same dash, one below the other, are a dialogue.
    if (lines[index - 1]?.startsWith(dash)) return undefined;
    const rest = lines.slice(index + 1).map((part) => part.trim());
    return attributed(lines.slice(0, index).join('\n'), [signature, ...rest].join(' '), false);
  }
  return undefined;
}

/** Whether a line holds a dash and a name and nothing else, also as Markdown quotes it. */
export function namesAuthor(line: string): boolean {
  const signature = /^[\s>]*(?:-{1,3}|[—―–])\s*(\S.*)$/u.exec(line)?.[1];
  return signature !== undefined && parseSignature(signature).author !== undefined;
}

/** `Text. -- Name`, `"Text." - Name`, `Text ― Name, Work`. */
function parseDash(text: string): Attributed | undefined {
  const [, quote = '', dash = '', signature = ''] =
    /^(.*[.!?…。！？؟۔।"”»'’)\]])\s*(-{2,3}|[—―–]|(?<=\s)-(?=\s))\s*([^\n—―]+)$/su.exec(text) ??
    /^(.*\S)\s+(-{2,3}|[—―–])\s+([^\n—―]+)$/su.exec(text) ??
    [];
  const lastLine = quote.slice(quote.lastIndexOf('\n') + 1).trimStart();
  const isDialogue = lastLine.startsWith(dash) && /^\s*\n/.test(text.slice(quote.length));
  return signature === '' || isDialogue ? undefined : attributed(quote, signature, true);
}

/** `Text. (Voltaire)`. */
function parseBrackets(text: string): Attributed | undefined {
  const match = /^(.*\S)\s*[(（]([^()（）\n]+)[)）]$/su.exec(text.trimEnd());
  return match ? attributed(match[1] ?? '', match[2] ?? '', true) : undefined;
}

/**
 * @param needsName whether nothing but a name shows that this is an attribution; else what is no
 *   name is taken for a source
 */
function attributed(quote: string, signature: string, needsName: boolean): Attributed | undefined {
  const { author, source } = parseSignature(signature.replace(/\s+/g, ' ').trim());
  if (needsName && author === undefined) return undefined;
  if (author && author.length > MAX_AUTHOR_CHARACTERS) return undefined;
  if (source && source.length > MAX_SOURCE_CHARACTERS) return undefined;
  const text = needsName ? unquote(quote.trim()) : quote.trimEnd();
  if (text.trim() === '') return undefined;
  return { quote: text, named: { ...(author && { author }), ...(source && { source }) } };
}

/** Splits `Mark Twain, "Work"` where the name ends: before a comma, a quotation mark, a bracket. */
function parseSignature(signature: string): { author?: string; source?: string } {
  const end = END_OF_NAME.exec(signature);
  const name = signature
    .slice(0, end?.index)
    .replace(/^by /i, '')
    .replace(/(?<=\p{Ll}{2})\.$/u, '');
  if (!isName(name)) return { source: unquote(signature) };
  const rest = signature.slice((end?.index ?? 0) + (end?.[0].length ?? 0));
  const source = unquote(
    rest
      .replace(/^(?:in|from) (?=["“«<_\p{Lu}])/u, '')
      .replace(/^(?:\(([^()]*)\)|_([^_]*)_)$/, '$1$2'),
  );
  return { author: name, ...(source && { source }) };
}

/** Whether a text looks like the name of a person or of people, and not like a remark. */
function isName(text: string): boolean {
  const words = text.split(' ').filter((word) => !PARTICLES.has(word));
  return (
    words.length > 0 &&
    words.length <= MAX_NAME_WORDS &&
    words.every((word) => /^&$|^(?:[dl]['’])?[\p{Lu}\p{Lo}]/u.test(word)) &&
    !/[\d#:;!?"“”«»()[\]…]|\.\.|['’]s\b|^(?:the|a|an)$/iu.test(text)
  );
}
