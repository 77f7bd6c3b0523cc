/**
 * What one search may ask for. The cost of a search is bounded by how many different words it has,
 * which also bounds the words of one phrase or exclusion, and by how many phrases and exclusions.
 * These stand apart from the schema, so that the thread of the index does not load what validates
 * requests.
 */
export const MAX_WORDS = 16;
export const MAX_PHRASES = 8;
export const MAX_EXCLUSIONS = 8;

/** The most names of one facet. */
export const MAX_FACET_NAMES = 20;
