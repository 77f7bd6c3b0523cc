import { hasBit } from './bitmap.ts';
import { BatchBuilder } from './document.batch.ts';
import { textLength } from './document.fields.ts';
import { rowAt } from './quote.columns.ts';
import { MAX_DOCUMENT_TOKENS, type Segment } from './segment.layout.ts';
import { readTokens } from './segment.reader.ts';
import { MAX_VARINT32_BYTES, readVarints, writeVarint } from './varint.ts';

/**
 * A snapshot is a sequence of chunks, each small enough that Redis is not held up by sending or
 * receiving it:
 *
 * - a header, as JSON: how many strings of each kind there are;
 * - the users, authors, tags and terms, in UTF-8, with a NUL between two of them, which none holds;
 * - the documents, as varints: how much higher the id is than the one before, the row, of which the
 *   tags stand behind their number, the number of tokens of all fields, and their terms.
 *
 * Names and terms are numbered anew, the most frequent first, so that frequent ones have short
 * numbers; 0 is no name and no term. Those that no document holds any more are left out.
 */
export interface SnapshotHeader {
  users: number;
  authors: number;
  tags: number;
  terms: number;
}

const SEPARATOR = '\0';
const MAX_CHUNK_STRINGS = 4096;
export const MAX_CHUNK_DOCUMENTS = 4096;

/** The varints of an id, a language, a length in characters and one in tokens. */
const MAX_DOCUMENT_HEADER_BYTES = 8 + 3 + 3 + 3;
/** Those of a user, an author, a checksum, and the number of tags. */
const MAX_ROW_BYTES = 4 * MAX_VARINT32_BYTES;

/** To be raised with every change of the format, or of what a word of a text is. */
export const SNAPSHOT_VERSION = 4;

/** The strings of a kind in their order, and where they stand, by their numbers in an index. */
export interface StringList {
  texts: string[];
  places: Uint32Array;
}

/** The strings that a snapshot begins with. */
export type StringLists = Record<keyof SnapshotHeader, StringList>;

type NameKind = Exclude<keyof SnapshotHeader, 'terms'>;

/** What gives names and terms their numbers in an index. */
export type Interners = Record<keyof SnapshotHeader, { intern(text: string): number }>;

/** The header, and all strings. */
export function* encodeStrings({
  users,
  authors,
  tags,
  terms,
}: StringLists): Generator<Uint8Array> {
  const lists = [users.texts, authors.texts, tags.texts, terms.texts];
  const header: SnapshotHeader = {
    users: users.texts.length,
    authors: authors.texts.length,
    tags: tags.texts.length,
    terms: terms.texts.length,
  };
  yield Buffer.from(JSON.stringify(header));
  for (const texts of lists) {
    for (let from = 0; from < texts.length; from += MAX_CHUNK_STRINGS) {
      yield Buffer.from(texts.slice(from, from + MAX_CHUNK_STRINGS).join(SEPARATOR));
    }
  }
}

/** The live documents of a segment. */
export function* encodeDocuments(
  segment: Segment,
  { users, authors, tags, terms }: StringLists,
): Generator<Uint8Array> {
  const { size, byId, ids, liveDocs } = segment;
  const tokens = new Uint32Array(MAX_DOCUMENT_TOKENS);
  for (let from = 0; from < size; from += MAX_CHUNK_DOCUMENTS) {
    const documents = byId.subarray(from, from + MAX_CHUNK_DOCUMENTS);
    const live = documents.filter((document) => hasBit(liveDocs, document));
    const bytes = new Uint8Array(maxBytes(segment, live));
    let end = 0;
    let lastId = 0;
    const write = (value: number | undefined) => {
      end = writeVarint(bytes, end, value as number);
    };
    for (const document of live) {
      const id = ids[document] as number;
      const row = rowAt(segment, document);
      const count = readTokens(segment, document, tokens);
      write(id - lastId);
      write(users.places[row.user]);
      write(authors.places[row.author]);
      write(row.lang);
      write(row.characters);
      write(row.checksum);
      write(row.tags.length);
      for (const tag of row.tags) write(tags.places[tag]);
      write(count);
      for (let i = 0; i < count; i++) write(terms.places[tokens[i] as number]);
      lastId = id;
    }
    if (end > 0) yield bytes.slice(0, end);
  }
}

function maxBytes(segment: Segment, documents: Uint16Array): number {
  const { tokenStarts, tagStarts } = segment;
  let bytes = 0;
  for (const d of documents) {
    const tags = (tagStarts[d + 1] as number) - (tagStarts[d] as number);
    // A token takes a byte at least.
    const numbers = tags + (tokenStarts[d + 1] as number) - (tokenStarts[d] as number);
    bytes += MAX_DOCUMENT_HEADER_BYTES + MAX_ROW_BYTES + numbers * MAX_VARINT32_BYTES;
  }
  return bytes;
}

/** Reads the chunks of a snapshot, which must come in their order. */
export class SnapshotDecoder {
  /** The documents that were read and not taken yet. */
  readonly batch = new BatchBuilder();
  readonly #interners: Interners;
  #header: SnapshotHeader | undefined;
  /**
   * By the number of a name in the snapshot, its number in the index; the name itself until a
   * document has it. The documents that had it may have been deleted while the snapshot was
   * written, and an index holds no names that it does not count.
   */
  readonly #names: Record<NameKind, (number | string)[]> = { users: [0], authors: [0], tags: [0] };
  #termCount = 0;

  /** @param interners empty, so that terms keep the numbers of the snapshot */
  constructor(interners: Interners) {
    this.#interners = interners;
  }

  /** Reads a chunk. Of documents it has MAX_CHUNK_DOCUMENTS at most. */
  push(chunk: Uint8Array): void {
    if (this.#header === undefined) {
      this.#header = JSON.parse(Buffer.from(chunk).toString()) as SnapshotHeader;
      return;
    }
    const kind = this.#nextKind(this.#header);
    if (kind === undefined) {
      this.#decodeDocuments(chunk);
      return;
    }
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString();
    for (const string of text.split(SEPARATOR)) {
      if (kind !== 'terms') this.#names[kind].push(string);
      else {
        this.#interners.terms.intern(string);
        this.#termCount++;
      }
    }
  }

  /** What the next chunk of strings holds; undefined when all strings were read. */
  #nextKind(header: SnapshotHeader): keyof SnapshotHeader | undefined {
    const names = (['users', 'authors', 'tags'] as const).find(
      (kind) => this.#names[kind].length <= header[kind],
    );
    return names ?? (this.#termCount < header.terms ? 'terms' : undefined);
  }

  #decodeDocuments(bytes: Uint8Array): void {
    const { batch } = this;
    // Every tag and every term takes a byte at least.
    batch.reserve(bytes.length);
    let at = 0;
    const next = () => {
      let byte = bytes[at++] as number;
      let value = byte & 0x7f;
      // By multiplication: ids have up to 53 bits, and shifts take 32 only.
      for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
        byte = bytes[at++] as number;
        value += (byte & 0x7f) * scale;
      }
      return value;
    };
    let id = 0;
    while (at < bytes.length) {
      const d = batch.size;
      id += next();
      batch.ids[d] = id;
      batch.users[d] = this.#nameNumber('users', next());
      batch.authors[d] = this.#nameNumber('authors', next());
      batch.langs[d] = next();
      batch.characters[d] = next();
      batch.checksums[d] = next();
      let { tagEnd } = batch;
      for (let left = next(); left > 0; left--) {
        batch.tags[tagEnd++] = this.#nameNumber('tags', next());
      }
      const count = next();
      const { terms, tokens, termEnd, tokenEnd } = batch;
      const start = at;
      at = readVarints(bytes, at, count, terms, termEnd);
      // Terms have the same numbers in the index.
      for (let i = start; i < at; i++) tokens[tokenEnd + i - start] = bytes[i] as number;
      batch.lengths[d] = textLength(terms, termEnd, termEnd + count);
      batch.end(tagEnd, termEnd + count, tokenEnd + at - start);
    }
  }

  /** The number of a name in the index, by its number in the snapshot. */
  #nameNumber(kind: NameKind, place: number): number {
    const name = this.#names[kind][place] as number | string;
    if (typeof name === 'number') return name;
    const number = this.#interners[kind].intern(name);
    this.#names[kind][place] = number;
    return number;
  }
}
