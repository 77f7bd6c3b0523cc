import { hasBit } from './bitmap.ts';
import type { Document, Segment } from './segment.layout.ts';
import { readTokens } from './segment.reader.ts';
import { readVarints, writeVarint } from './varint.ts';

/**
 * A snapshot is a sequence of chunks, each small enough to be sent to Redis and read back without holding it up: a header (JSON), the users and then the terms
 * (UTF-8, one a line), and the documents (varints: id less the previous one's, user, length, term numbers). Terms are numbered anew, the most frequent first,
 * and those of no document left out: their numbers are short, and forgotten words are forgotten.
 */
export interface SnapshotHeader {
  version: 1;
  users: number;
  terms: number;
}

const STRINGS_A_CHUNK = 16_384;
export const DOCUMENTS_A_CHUNK = 4096;

/** Snapshots of another version are not read: the index is rebuilt from the quotes. */
export const SNAPSHOT_VERSION = 1;

export function encodeHeader(header: SnapshotHeader): Uint8Array {
  return Buffer.from(JSON.stringify(header));
}

export function* encodeStrings(strings: string[]): Generator<Uint8Array> {
  for (let from = 0; from < strings.length; from += STRINGS_A_CHUNK) {
    yield Buffer.from(strings.slice(from, from + STRINGS_A_CHUNK).join('\n'));
  }
}

/** The segment's live documents, with `numbers` in the place of their terms' numbers. */
export function* encodeDocuments(segment: Segment, numbers: Uint32Array): Generator<Uint8Array> {
  const tokens = new Uint32Array(65_536);
  for (let from = 0; from < segment.size; from += DOCUMENTS_A_CHUNK) {
    const documents = segment.byId.subarray(from, from + DOCUMENTS_A_CHUNK).filter((d) => hasBit(segment.live, d));
    const size = documents.reduce((sum, d) => sum + 16 + 5 * (segment.lengths[d] as number), 0);
    const bytes = new Uint8Array(size);
    let end = 0;
    let last = 0;
    for (const document of documents) {
      const id = segment.ids[document] as number;
      const length = readTokens(segment, document, tokens);
      end = writeVarint(bytes, end, id - last);
      end = writeVarint(bytes, end, segment.users[document] as number);
      end = writeVarint(bytes, end, length);
      for (let i = 0; i < length; i++) end = writeVarint(bytes, end, numbers[tokens[i] as number] as number);
      last = id;
    }
    if (end > 0) yield bytes.slice(0, end);
  }
}

/** Reads a snapshot, chunk by chunk in their order. */
export class SnapshotDecoder {
  readonly #addUser: (userId: string) => void;
  readonly #addTerm: (term: string) => void;
  #header: SnapshotHeader | undefined;
  #strings = 0;

  constructor(addUser: (userId: string) => void, addTerm: (term: string) => void) {
    this.#addUser = addUser;
    this.#addTerm = addTerm;
  }

  /** The documents that the chunk holds, if it is one of documents. @throws Error when it is a header of another version */
  push(chunk: Uint8Array): Document[] {
    if (this.#header === undefined) {
      this.#header = JSON.parse(Buffer.from(chunk).toString()) as SnapshotHeader;
      if (this.#header.version !== SNAPSHOT_VERSION) throw new Error('a snapshot of another version');
      return [];
    }
    const { users, terms } = this.#header;
    if (this.#strings === users + terms) return decodeDocuments(chunk);
    for (const text of Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString().split('\n')) {
      if (this.#strings++ < users) this.#addUser(text);
      else this.#addTerm(text);
    }
    return [];
  }
}

function decodeDocuments(bytes: Uint8Array): Document[] {
  const documents: Document[] = [];
  // One array for all: a term takes a byte at least, and a million small arrays would take longer to make than all else here.
  const terms = new Uint32Array(bytes.length);
  let end = 0;
  let at = 0;
  const next = () => {
    let byte = bytes[at++] as number;
    let value = byte & 0x7f;
    // Not by shifting: ids have up to 53 bits.
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
