import { parseJson } from './json-lines.reader.ts';
import { decodeText, MAX_ROW_BYTES } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** A step to the rows: into one member or all members of an object, or all items of a list. */
export type JsonStep = { key: string } | 'members' | 'items';

/** Where the rows of a JSON document are. */
export interface JsonShape {
  /** The steps that lead from the document to a row. */
  path: readonly JsonStep[];
  /** Whether the first of these keys is the author of the row. */
  byAuthor: boolean;
  /** Members beside the list of the rows that are not read, though they may say something. */
  beside?: readonly string[];
  /** In how many bytes of the document lists of rows were looked for; without it, in all. */
  searched?: number;
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const isBlank = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const opens = (byte: number) => byte === OPEN_LIST || byte === OPEN_OBJECT;
const closes = (byte: number) => byte === CLOSE_LIST || byte === CLOSE_OBJECT;
const endsScalar = (byte: number) => byte === COMMA || closes(byte) || isBlank(byte);

/**
 * Reads the rows of a JSON document, however long it is and whether it has lines or not: memory is
 * bounded by {@link MAX_ROW_BYTES}. A row that is malformed costs itself only. What stands where
 * the shape has a list or an object, or behind the document, is refused as a row.
 *
 * The document is only cut into its rows here, by counting brackets outside of strings; JSON.parse
 * reads them.
 */
export async function* readJson(
  chunks: AsyncIterable<Buffer>,
  shape: JsonShape,
): AsyncGenerator<Row> {
  const splitter = new JsonSplitter(shape);
  for await (const chunk of chunks) yield* splitter.split(chunk);
  const end = splitter.end();
  if (end) yield end;
}

/** A value that is being passed. */
interface Passage {
  role: 'row' | 'key' | 'misplaced' | 'skipped';
  line: number;
  kind: 'container' | 'string' | 'scalar';
  /** How many containers are open in it. */
  nested: number;
  parts: Buffer[];
  length: number;
}

/** A container on the way to the rows. */
interface Level {
  isList: boolean;
  /** Of the value that comes next; a list has none, nor an object until its key is read. */
  key: string | undefined;
}

class JsonSplitter {
  private readonly shape: JsonShape;
  private readonly levels: Level[] = [];
  private passage: Passage | undefined;
  private inString = false;
  private escaped = false;
  private line = 1;
  /** Of the chunk in the document, in bytes. */
  private offset = 0;

  constructor(shape: JsonShape) {
    this.shape = shape;
  }

  *split(chunk: Buffer): Generator<Row> {
    let index = 0;
    while (index < chunk.length) {
      if (this.passage) {
        const end = this.pass(chunk, index, this.passage);
        this.keep(chunk.subarray(index, end ?? chunk.length), this.passage);
        if (end === undefined) break;
        const row = this.finish(this.passage, this.offset + end);
        this.passage = undefined;
        if (row) yield row;
        index = end;
      } else {
        const byte = chunk[index] ?? 0;
        if (this.isMisplaced(byte))
          yield { line: this.line, reason: `has a ${String.fromCharCode(byte)} out of place` };
        if (!this.step(byte)) index += 1;
      }
    }
    this.offset += chunk.length;
  }

  /** Why the document is not complete, if so. */
  end(): Row | undefined {
    if (!this.passage && this.levels.length === 0) return undefined;
    return {
      line: this.passage?.line ?? this.line,
      reason: 'the file ends before its JSON is complete',
    };
  }

  /** Whether a byte between values closes what is not open, or names no member. */
  private isMisplaced(byte: number): boolean {
    const level = this.levels.at(-1);
    if (closes(byte)) return level?.isList !== (byte === CLOSE_LIST);
    return byte === COLON && level?.key === undefined;
  }

  /** Looks at a byte between values; answers whether a value begins with it. */
  private step(byte: number): boolean {
    if (byte === LINE_FEED) this.line += 1;
    const level = this.levels.at(-1);
    if (isBlank(byte) || byte === COLON) return false;
    if (byte === COMMA) {
      if (level && !level.isList) level.key = undefined;
    } else if (closes(byte)) {
      this.levels.pop();
    } else if (level && !level.isList && level.key === undefined) {
      return this.begin('key', byte);
    } else if (!this.isOnPath()) {
      return this.begin('skipped', byte);
    } else if (this.levels.length === this.shape.path.length) {
      return this.begin('row', byte);
    } else if (byte === (this.wantsList() ? OPEN_LIST : OPEN_OBJECT)) {
      this.levels.push({ isList: byte === OPEN_LIST, key: undefined });
    } else {
      return this.begin('misplaced', byte);
    }
    return false;
  }

  private isOnPath(): boolean {
    return this.levels.every(({ key }, depth) => {
      const step = this.shape.path[depth];
      return typeof step !== 'object' || step.key === key;
    });
  }

  /** Whether a list, and no object, leads on to the rows. */
  private wantsList(): boolean {
    return this.shape.path[this.levels.length] === 'items';
  }

  private begin(role: Passage['role'], byte: number): true {
    const kind = byte === QUOTE ? 'string' : opens(byte) ? 'container' : 'scalar';
    this.passage = { role, line: this.line, kind, nested: 0, parts: [], length: 0 };
    return true;
  }

  /** The index behind the end of the value, or undefined when it goes on after the chunk. */
  private pass(chunk: Buffer, from: number, passage: Passage): number | undefined {
    for (let index = from; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      // The byte behind a scalar is looked at again, and so is the line that it may end.
      if (passage.kind === 'scalar' && endsScalar(byte)) return index;
      if (byte === LINE_FEED) this.line += 1;
      if (this.inString) {
        if (this.endsString(byte) && passage.kind === 'string') return index + 1;
      } else if (byte === QUOTE) this.inString = true;
      else if (opens(byte)) passage.nested += 1;
      else if (closes(byte) && --passage.nested === 0) return index + 1;
    }
    return undefined;
  }

  private endsString(byte: number): boolean {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) this.inString = false;
    return !this.inString;
  }

  private keep(part: Buffer, passage: Passage): void {
    passage.length += part.length;
    if (passage.length > MAX_ROW_BYTES) passage.parts = [];
    else passage.parts.push(part);
  }

  /** Takes what a value means that ends there in the document; answers the row that it is. */
  private finish({ role, line, length, parts }: Passage, end: number): Row | undefined {
    if (role === 'skipped' && end <= (this.shape.searched ?? Infinity)) return undefined;
    const isLong = length > MAX_ROW_BYTES;
    const text = decodeText(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
    const parsed = isLong ? { reason: 'is longer than 64 KiB' } : parseJson(text);
    const refused = (reason: string) => ({ line, reason, text: isLong ? undefined : text });
    const level = this.levels.at(-1);
    switch (role) {
      case 'row':
        return { line, ...this.withAuthor(parsed) };
      case 'key':
        if (level) level.key = 'value' in parsed ? String(parsed.value) : '';
        if ('reason' in parsed) return refused(parsed.reason);
        return typeof parsed.value === 'string'
          ? undefined
          : refused('stands where a name is expected');
      case 'misplaced':
        return refused(`stands where ${this.wantsList() ? 'a list' : 'an object'} is expected`);
      case 'skipped':
        return 'value' in parsed && !holdsList(parsed.value)
          ? undefined
          : refused(`is beside the rows, as ${JSON.stringify(level?.key)}, and was not read`);
    }
  }

  private withAuthor<T extends { value: unknown } | { reason: string }>(parsed: T) {
    if (!this.shape.byAuthor || !('value' in parsed)) return parsed;
    const { value } = parsed;
    const author = this.levels[0]?.key;
    return {
      value: typeof value === 'string' ? { quote: value, author } : { author, ...Object(value) },
    };
  }
}

/** Whether there is a list of texts or of objects in a value. */
export function holdsList(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value)) return Object.values(value).some(holdsList);
  return value.some((item) => typeof item === 'string' || (typeof item === 'object' && item));
}

/**
 * The value of the beginning of a JSON document without what is cut off, and how many characters it
 * takes; or why it is none.
 */
export function parseJsonPrefix(
  text: string,
): { value: unknown; length: number } | { reason: string } {
  const open: string[] = [];
  // The last place where the text may end, and the brackets that then have to be closed.
  let [end, closing] = [0, ''];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|["[\]{},]/gs)) {
    // A string that is cut off is the last of what is there.
    if (token === '"') break;
    if (token === '{') open.unshift('}');
    else if (token === '[') open.unshift(']');
    else if (token === '}' || token === ']') {
      if (open.shift() !== token) return { reason: `${token} is out of place` };
    } else if (token !== ',') continue;
    end = token === ',' ? index : index + 1;
    closing = open.join('');
    if (open.length === 0) break;
  }
  try {
    return { value: JSON.parse(text.slice(0, end) + closing), length: end };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
