import type { ColumnMapper } from './column.mapper.ts';
import { holdsList, type JsonShape, type JsonStep, parseJsonPrefix } from './json.reader.ts';
import { parseJson } from './json-lines.reader.ts';
import { MAX_ROW_BYTES } from './line.reader.ts';
import type { Format, FormatName } from './row.reader.ts';
import { quotedNames, UnknownFormatError } from './unknown-format.error.ts';

/** Keys of objects that hold a list of quotes, beside the names of columns. */
const LIST_KEYS = new Set('quotes data results items records rows entries list values'.split(' '));
const MAX_DEPTH = 3;

/** Whether a file begins as JSON of rows does; `[1] Rain.` is a text. */
export const looksLikeJson = (head: string) =>
  /^\s*(?:\{\s*["}]|\[\s*(?:["{[\]]|(?:null|true|false|-?\d[\d.]*)\s*,))/.test(head);

/** JSON Lines of texts; in quotation marks alone, they are the same texts as JSON and as lines. */
export function detectJsonStrings(lines: string[]): Format | undefined {
  const isText = (line: string) => line.trimStart().startsWith('"') && 'value' in parseJson(line);
  return lines.every((line) => line.trim() === '' || isText(line)) ? { name: 'jsonl' } : undefined;
}

/**
 * Tells where the rows of JSON or of JSON Lines are.
 * @throws UnknownFormatError when there are none, or in several places
 */
export function detectJson(
  head: string,
  lines: string[],
  mapper: ColumnMapper,
  told?: FormatName,
): Format {
  const filled = lines.filter((line) => line.trim() !== '');
  const values = filled.flatMap((line) => {
    const parsed = parseJson(line);
    return 'value' in parsed ? [parsed.value] : [];
  });
  const first = parseJson(filled[0] ?? '');
  const firstValue = 'value' in first ? first.value : undefined;
  // An object that has a row on each line has few lines that are JSON by themselves.
  const areObjects =
    filled[0]?.trimStart().startsWith('{') && values.filter(isMembers).length * 2 >= filled.length;
  if (told === 'jsonl' || (filled.length > 1 && (isMembers(firstValue) || areObjects))) {
    if (values.length > 0 && !values.some((value) => isList([value], mapper)))
      throw noQuotes('JSON Lines', values.slice(0, 1));
    return { name: 'jsonl' };
  }
  if (!told && isTexts(firstValue) && values.filter(isTexts).length > 1)
    throw new UnknownFormatError(
      'is JSON Lines of lists, whose columns have no names. Make objects of them, as in ' +
        '{"quote": "...", "author": "..."}, or say --format json if each text is a quote',
    );
  return detectDocument(head, mapper);
}

/** Where the rows are in a document whose first half, or less, may be the part that is right. */
function detectDocument(head: string, mapper: ColumnMapper): Format {
  let problem: UnknownFormatError | undefined;
  for (let length = head.length; length > 0; length >>= 1) {
    const prefix = parseJsonPrefix(head.slice(0, length));
    if ('reason' in prefix) {
      problem ??= new UnknownFormatError(`begins like JSON, but is none: ${prefix.reason}`);
      continue;
    }
    const shape = shapeOf(prefix.value, mapper);
    const searched = Buffer.byteLength(head.slice(0, prefix.length));
    if (shape) return { name: 'json', ...shape, searched };
    if (length - prefix.length > MAX_ROW_BYTES)
      problem ??= new UnknownFormatError('is JSON whose first row is longer than 64 KiB');
    throw problem ?? noQuotes('JSON', prefix.value);
  }
  throw problem ?? new UnknownFormatError('is empty');
}

/** Where the rows are in a JSON value; no path is a row itself. */
function shapeOf(value: unknown, mapper: ColumnMapper): JsonShape | undefined {
  if (Array.isArray(value))
    return isList(value, mapper) ? { path: ['items'], byAuthor: false } : undefined;
  if (!isMembers(value)) return undefined;
  const lists = listsIn(value, mapper, MAX_DEPTH);
  // A message or a text beside a list is a word about it, and no quote.
  const isQuote = isRow(value, mapper);
  if (lists.length > 0 && !(isQuote && 'quote' in value))
    return {
      path: [...commonPath(value, lists), 'items'],
      byAuthor: false,
      beside: membersBeside(value, lists[0] ?? [], mapper),
    };
  if (lists.length > 0) throw severalPlaces([['quote'], ...lists]);
  if (isQuote) return { path: [], byAuthor: false };
  const members = Object.values(value);
  if (members.length > 0 && members.every((member) => isMembers(member) && isRow(member, mapper)))
    return { path: ['members'], byAuthor: false };
  const filled = members.filter((member) => !Array.isArray(member) || member.length > 0);
  if (filled.length > 0 && filled.every((member) => isList(member, mapper)))
    return { path: ['members', 'items'], byAuthor: true };
  return undefined;
}

/** The keys that lead to lists of quotes: of objects, or of texts whose key says so. */
function listsIn(value: Record<string, unknown>, mapper: ColumnMapper, depth: number): string[][] {
  const members = Object.entries(value);
  const isNamed = ([key, member]: [string, unknown]) =>
    LIST_KEYS.has(key.toLowerCase()) && isList(member, mapper);
  // Lists and nothing else are those of authors, unless a key says that it holds quotes.
  const areAuthors =
    members.length > 1 &&
    members.every(([, member]) => Array.isArray(member)) &&
    !members.some(isNamed);
  return members.flatMap(([key, member]) => {
    if (isMembers(member))
      return depth > 1 ? listsIn(member, mapper, depth - 1).map((path) => [key, ...path]) : [];
    const hasRows = Array.isArray(member) && member.some(isMembers) && isList(member, mapper);
    return isNamed([key, member]) || (hasRows && !areAuthors) ? [[key]] : [];
  });
}

/**
 * The one path that leads to all lists: they are at the same place in all members of an object.
 * @throws UnknownFormatError when there is none
 */
function commonPath(value: Record<string, unknown>, lists: readonly string[][]): JsonStep[] {
  const [first = [], ...others] = lists;
  if (others.length === 0) return first.map((key) => ({ key }));
  const isAlike = lists.every((keys) => keys.slice(1).join('\0') === first.slice(1).join('\0'));
  if (first.length < 2 || !isAlike || lists.length < Object.keys(value).length)
    throw severalPlaces(lists);
  return ['members', ...first.slice(1).map((key) => ({ key }))];
}

/** The keys beside a list that may hold quotes, or say something of them: lists, and columns. */
function membersBeside(
  value: Record<string, unknown>,
  keys: readonly string[],
  mapper: ColumnMapper,
): string[] {
  const parent = keys.slice(0, -1).reduce<unknown>((at, key) => Object(at)[key], value);
  const isTold = ([key, member]: [string, unknown]) =>
    mapper.assign([key]).columns.size > 0 ? isText(member) : holdsList(member);
  return Object.entries(Object(parent)).flatMap(([key, member]) =>
    key !== keys.at(-1) && isTold([key, member]) ? [key] : [],
  );
}

const isMembers = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether an object has the columns of a row, and no list or object in the place of a text. */
function isRow(value: Record<string, unknown>, mapper: ColumnMapper): boolean {
  const names = Object.keys(value);
  if (mapper.missing(names).length > 0) return false;
  const isNested = (name: string) => typeof value[name] === 'object' && value[name] !== null;
  return ![...mapper.assign(names).columns].some(
    ([{ required }, name]) => required && isNested(name),
  );
}

/** Whether a value is a list of rows: mostly texts, or objects of which some have the columns. */
function isList(list: unknown, mapper: ColumnMapper): boolean {
  if (!Array.isArray(list)) return false;
  const hasRows = list.some((item) => isMembers(item) && isRow(item, mapper));
  const takesTexts = mapper.missing(['quote']).length === 0;
  return hasRows || (takesTexts && list.filter(isText).length * 2 > list.length);
}

const isText = (value: unknown) => typeof value === 'string';

const isTexts = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isText);

function severalPlaces(paths: readonly string[][]): UnknownFormatError {
  return new UnknownFormatError(
    `is JSON with quotes in several places: ${quotedNames(paths.map((keys) => keys.join('.')))}. ` +
      'Put them into one list, or into a file each',
  );
}

function noQuotes(what: string, value: unknown): UnknownFormatError {
  return new UnknownFormatError(
    `is ${what}, but no list of quotes: it has ${describe(value)}. Say which member ` +
      'holds the quote, as in --map quote=text',
  );
}

function describe(value: unknown): string {
  const sample = Array.isArray(value) ? value[0] : value;
  const what = Array.isArray(value) ? 'items with ' : '';
  if (isMembers(sample)) return what + (quotedNames(Object.keys(sample)) || 'nothing in it');
  return Array.isArray(value) ? `items like ${JSON.stringify(sample)?.slice(0, 60)}` : typeof value;
}
