import { hasBit } from './bitmap.ts';
import { type Document, MAX_DOCUMENT_TOKENS, type Segment } from './segment.layout.ts';
import { readTokens } from './segment.reader.ts';
import { MAX_VARINT32_BYTES, readVarints, writeVarint } from './varint.ts';

/**
 * A snapshot is a sequence of chunks, each small enough that Redis is not held up by sending or
 * receiving it:
 *
 * - a header, as JSON;
 * - the users, then the terms: in UTF-8, one a line;
 * - the documents, as varints: how much higher the id is than the one before, the user, the number
 *   of tokens, and their terms.
 *
 * The terms are numbered anew, the most frequent first, so that frequent ones have short numbers.
 * Terms that no document holds any more are left out.
 */
export interface SnapshotHeader {
  version: 1;
  users: number;
  terms: number;
}

const MAX_CHUNK_STRINGS = 16_384;
export const MAX_CHUNK_DOCUMENTS = 4096;

/** The varints of an id, a user and a length: 53, 32 and 16 bits. */
const MAX_DOCUMENT_HEADER_BYTES = 8 + MAX_VARINT32_BYTES + 3;

/** Snapshots of another version are not read: the index is rebuilt from the quotes then. */
export const SNAPSHOT_VERSION = 1;

export function encodeHeader(header: SnapshotHeader): Uint8Array {
  return Buffer.from(JSON.stringify(header));
}

export function* encodeStrings(strings: string[]): Generator<Uint8Array> {
  for (let from = 0; from < strings.length; from += MAX_CHUNK_STRINGS) {
    yield Buffer.from(strings.slice(from, from + MAX_CHUNK_STRINGS).join('\n'));
  }
}

/**
 * The live documents of a segment. `places` are the new numbers of the terms, by their numbers
 * here.
 */
export function* encodeDocuments(segment: Segment, places: Uint32Array): Generator<Uint8Array> {
  const { size, byId, ids, users, lengths, liveDocs } = segment;
  const terms = new Uint32Array(MAX_DOCUMENT_TOKENS);
  for (let from = 0; from < size; from += MAX_CHUNK_DOCUMENTS) {
    const documents = byId.subarray(from, from + MAX_CHUNK_DOCUMENTS);
    const live = documents.filter((document) => hasBit(liveDocs, document));
    const tokenCount = live.reduce((sum, document) => sum + (lengths[document] as number), 0);
    const maxBytes = live.length * MAX_DOCUMENT_HEADER_BYTES + tokenCount * MAX_VARINT32_BYTES;
    const bytes = new Uint8Array(maxBytes);
    let end = 0;
    let lastId = 0;
    for (const document of live) {
      const id = ids[document] as number;
      const length = readTokens(segment, document, terms);
      end = writeVarint(bytes, end, id - lastId);
      end = writeVarint(bytes, end, users[document] as number);
      end = writeVarint(bytes, end, length);
      for (let i = 0; i < length; i++) {
        end = writeVarint(bytes, end, places[terms[i] as number] as number);
      }
      lastId = id;
    }
    if (end > 0) yield bytes.slice(0, end);
  }
}

/** Reads the chunks of a snapshot, which must come in their order. */
export class SnapshotDecoder {
  readonly #addUser: (userId: string) => void;
  readonly #addTerm: (term: string) => void;
  #header: SnapshotHeader | undefined;
  #stringCount = 0;

  constructor(addUser: (userId: string) => void, addTerm: (term: string) => void) {
    this.#addUser = addUser;
    this.#addTerm = addTerm;
  }

  /**
   * The documents of the chunk, if it is one of documents.
   * @throws Error when it is a header of another version
   */
  push(chunk: Uint8Array): Document[] {
    if (this.#header === undefined) {
      const header = JSON.parse(Buffer.from(chunk).toString()) as SnapshotHeader;
      this.#header = header;
      if (header.version !== SNAPSHOT_VERSION) throw new Error('a snapshot of another version');
      return [];
    }
    const { users, terms } = this.#header;
    if (this.#stringCount === users + terms) return decodeDocuments(chunk);
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString();
    for (const string of text.split('\n')) {
      if (this.#stringCount++ < users) this.#addUser(string);
      else this.#addTerm(string);
    }
    return [];
  }
}

function decodeDocuments(bytes: Uint8Array): Document[] {
  const documents: Document[] = [];
  // All documents share one array of terms: making a million small arrays would take most of the
  // time. It is long enough, since every term takes at least a byte.
  const terms = new Uint32Array(bytes.length);
  let end = 0;
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
    id += next();
    const user = next();
    const length = next();
    at = readVarints(bytes, at, length, terms, end);
    documents.push({ id, user, terms: terms.subarray(end, end + length) });
    end += length;
  }
  return documents;
}
