import type { Document } from './segment.layout.ts';

/** A document that is only a text of these terms: what tests of segments need. */
export function plainDocument(id: number, terms: Uint32Array): Document {
  return {
    id,
    user: 0,
    author: 0,
    lang: 0,
    tags: [],
    characters: 0,
    checksum: 0,
    terms,
    length: terms.length,
  };
}
