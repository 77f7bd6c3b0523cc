import { parseJson } from './json-lines.reader.ts';
import { decodeText, MAX_ROW_BYTES } from './line.reader.ts';
import type { Row } from './row.model.ts';

/** Where the rows of a JSON document are. */
export interface JsonShape {
  /** The keys that lead to a row; null is any key of an object, and any index of an array. */
  path: readonly (string | null)[];
  /** Whether the first of these keys is the author of the row. */
  byAuthor: boolean;
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
 * bounded by {@link MAX_ROW_BYTES}. A row that is malformed costs itself only.
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

/** A value that is being passed: kept if it is a row or a key, else skipped. */
interface Passage {
  role: 'row' | 'key' | 'skipped';
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

  constructor(shape: JsonShape) {
    this.shape = shape;
  }

  *split(chunk: Buffer): Generator<Row> {
    let index = 0;
    while (index < chunk.length) {
      if (this.passage) {
        const end = this.pass(chunk, index, this.passage);
        this.keep(chunk.subarray(index, end ?? chunk.length), this.passage);
        if (end === undefined) return;
        const row = this.finish(this.passage);
        this.passage = undefined;
        if (row) yield row;
        index = end;
      } else {
        if (!this.step(chunk[index] ?? 0)) index += 1;
      }
    }
  }

  /** Why the document is not complete, if so. */
  end(): Row | undefined {
    if (!this.passage && this.levels.length === 0) return undefined;
    return {
      line: this.passage?.line ?? this.line,
      reason: 'the file ends before its JSON is complete',
    };
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
      this.begin('key', byte);
      return true;
    } else if (opens(byte) && this.levels.length < this.shape.path.length && this.isOnPath()) {
      const isList = byte === OPEN_LIST;
      this.levels.push({ isList, key: undefined });
    } else {
      const isRow = this.levels.length === this.shape.path.length && this.isOnPath();
      this.begin(isRow ? 'row' : 'skipped', byte);
      return true;
    }
    return false;
  }

  private isOnPath(): boolean {
    return this.levels.every(({ key }, depth) => {
      const wanted = this.shape.path[depth];
      return wanted === null || wanted === key;
    });
  }

  private begin(role: Passage['role'], byte: number): void {
    const kind = byte === QUOTE ? 'string' : opens(byte) ? 'container' : 'scalar';
    this.passage = { role, line: this.line, kind, nested: 0, parts: [], length: 0 };
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
    else if (passage.role !== 'skipped') passage.parts.push(part);
  }

  /** Takes what a value means; answers the row that it is. */
  private finish({ role, line, length, parts }: Passage): Row | undefined {
    if (role === 'skipped') return undefined;
    const isLong = length > MAX_ROW_BYTES;
    const parsed = isLong
      ? { reason: 'is longer than 64 KiB' }
      : parseJson(decodeText(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)));
    if (role === 'row') return { line, ...this.withAuthor(parsed) };
    const level = this.levels.at(-1);
    if (level) level.key = 'value' in parsed ? String(parsed.value) : '';
    return undefined;
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
