import { FIELD_BOUNDARY } from './document.fields.ts';
import type { QueryMatcher } from './query.matcher.ts';
import type { Document } from './segment.layout.ts';

/** The newest documents, which are in no segment yet. */
export class WriteBuffer {
  readonly #documents = new Map<number, Document>();
  /** By term number, the documents that hold the term, but for those of #unlisted. */
  readonly #holders: (Document[] | undefined)[] = [];
  /** They are listed with the next search: nobody searches while an index is filled. */
  readonly #unlisted = new Set<Document>();

  get size(): number {
    return this.#documents.size;
  }

  get(id: number): Document | undefined {
    return this.#documents.get(id);
  }

  /** In the order in which they came. */
  values(): MapIterator<Document> {
    return this.#documents.values();
  }

  /** Adds a document, whose id no other one has. */
  add(document: Document): void {
    this.#documents.set(document.id, document);
    this.#unlisted.add(document);
  }

  delete(document: Document): void {
    this.#documents.delete(document.id);
    if (this.#unlisted.delete(document)) return;
    for (const term of document.terms) {
      const holders = this.#holders[term] ?? [];
      const at = holders.indexOf(document);
      if (at >= 0) holders.splice(at, 1);
    }
  }

  clear(): void {
    this.#documents.clear();
    this.#unlisted.clear();
    this.#holders.length = 0;
  }

  /** Some of the documents, among them all that match: those that hold the rarest word. */
  candidates(matcher: QueryMatcher): Iterable<Document> {
    if (this.size === 0) return [];
    for (const document of this.#unlisted) this.#list(document);
    this.#unlisted.clear();
    const found = new Set<Document>();
    for (const term of matcher.rarestWord((term) => this.#holders[term]?.length ?? 0)) {
      for (const document of this.#holders[term] ?? []) found.add(document);
    }
    return found;
  }

  #list(document: Document): void {
    for (const term of document.terms) {
      if (term === FIELD_BOUNDARY) continue;
      this.#holders[term] ??= [];
      const holders = this.#holders[term];
      // A document comes once, however often it holds the term.
      if (holders.at(-1) !== document) holders.push(document);
    }
  }
}
