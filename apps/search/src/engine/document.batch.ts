import { buildColumns } from './quote.columns.ts';
import type { DecodedTokens, Document, ForwardIndex } from './segment.layout.ts';
import { MAX_SEGMENT_DOCUMENTS } from './segment.layout.ts';
import { MAX_VARINT32_BYTES, writeVarint } from './varint.ts';

/** The documents of a segment that is to be built. */
export interface DocumentBatch {
  /** What the segment will hold of them. */
  forward: ForwardIndex;
  /** Their tokens, which are valid until the next batch is taken. */
  decoded: DecodedTokens;
}

/** The batch of these documents. */
export function batchOf(documents: readonly Document[]): DocumentBatch {
  const size = documents.length;
  const termCount = documents.reduce((sum, { terms }) => sum + terms.length, 0);
  const terms = new Uint32Array(termCount);
  const termStarts = new Uint32Array(size + 1);
  const tokens = new Uint8Array(termCount * MAX_VARINT32_BYTES);
  const tokenStarts = new Uint32Array(size + 1);
  const ids = Float64Array.from(documents, ({ id }) => id);
  const lengths = Uint16Array.from(documents, ({ length }) => length);
  let end = 0;
  documents.forEach((document, d) => {
    const start = termStarts[d] as number;
    terms.set(document.terms, start);
    termStarts[d + 1] = start + document.terms.length;
    for (const term of document.terms) end = writeVarint(tokens, end, term);
    tokenStarts[d + 1] = end;
  });
  const columns = buildColumns(documents);
  const forward = { size, ids, ...columns, lengths, tokenStarts, tokens: tokens.slice(0, end) };
  return { forward, decoded: { terms, termStarts } };
}

/**
 * Collects documents one by one, straight into the arrays of a batch: a million of them need no
 * objects of their own. Whoever adds one writes its values at `size`, its tags, terms and tokens at
 * the ends of theirs, and then calls end().
 */
export class BatchBuilder {
  size = 0;
  readonly ids = new Float64Array(MAX_SEGMENT_DOCUMENTS);
  readonly users = new Uint32Array(MAX_SEGMENT_DOCUMENTS);
  readonly authors = new Uint32Array(MAX_SEGMENT_DOCUMENTS);
  readonly langs = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  readonly characters = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  readonly checksums = new Uint32Array(MAX_SEGMENT_DOCUMENTS);
  readonly lengths = new Uint16Array(MAX_SEGMENT_DOCUMENTS);
  readonly #tagStarts = new Uint32Array(MAX_SEGMENT_DOCUMENTS + 1);
  readonly #termStarts = new Uint32Array(MAX_SEGMENT_DOCUMENTS + 1);
  readonly #tokenStarts = new Uint32Array(MAX_SEGMENT_DOCUMENTS + 1);
  tags = new Uint32Array(0);
  terms = new Uint32Array(0);
  tokens = new Uint8Array(0);

  /** Where the next tag, term and byte of a token belong. */
  get tagEnd(): number {
    return this.#tagStarts[this.size] as number;
  }
  get termEnd(): number {
    return this.#termStarts[this.size] as number;
  }
  get tokenEnd(): number {
    return this.#tokenStarts[this.size] as number;
  }

  /** Makes room for so many more tags, terms and bytes of tokens. */
  reserve(count: number): void {
    this.tags = withRoom(this.tags, this.tagEnd + count);
    this.terms = withRoom(this.terms, this.termEnd + count);
    this.tokens = withRoom(this.tokens, this.tokenEnd + count);
  }

  /** Ends a document, of which all values are written. */
  end(tagEnd: number, termEnd: number, tokenEnd: number): void {
    this.size++;
    this.#tagStarts[this.size] = tagEnd;
    this.#termStarts[this.size] = termEnd;
    this.#tokenStarts[this.size] = tokenEnd;
  }

  /** The documents since the last batch. */
  take(): DocumentBatch {
    const { size } = this;
    const forward = {
      size,
      ids: this.ids.slice(0, size),
      users: this.users.slice(0, size),
      authors: this.authors.slice(0, size),
      langs: this.langs.slice(0, size),
      characters: this.characters.slice(0, size),
      checksums: this.checksums.slice(0, size),
      tagStarts: this.#tagStarts.slice(0, size + 1),
      tags: this.tags.slice(0, this.tagEnd),
      lengths: this.lengths.slice(0, size),
      tokenStarts: this.#tokenStarts.slice(0, size + 1),
      tokens: this.tokens.slice(0, this.tokenEnd),
    };
    const terms = this.terms.subarray(0, this.termEnd);
    this.size = 0;
    return { forward, decoded: { terms, termStarts: this.#termStarts } };
  }
}

function withRoom<T extends Uint32Array | Uint8Array>(array: T, length: number): T {
  if (length <= array.length) return array;
  const Longer = array.constructor as new (length: number) => T;
  const longer = new Longer(2 * length);
  longer.set(array);
  return longer;
}
