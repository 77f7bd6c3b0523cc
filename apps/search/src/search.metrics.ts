import { Counter, Gauge, Histogram } from 'prom-client';
import type { Query } from './engine/query.parser.ts';
import type { SearchResult } from './engine/search.engine.ts';

/** Quotes in the index. */
export const indexDocuments = new Gauge({
  name: 'search_index_documents',
  help: 'Quotes in the index',
});

/** Different words that the index holds. */
export const indexTerms = new Gauge({ name: 'search_index_terms', help: 'Different words' });

/** Memory of the index, without its write buffer. */
export const indexBytes = new Gauge({
  name: 'search_index_bytes',
  help: 'Bytes of the segments of the index',
});

/** Age of the oldest change that the index has not applied; measured outside its thread. */
export const indexLagSeconds = new Gauge({
  name: 'search_index_lag_seconds',
  help: 'Age of the oldest change of a quote that the index has yet to apply',
});

/** Changes that the index has not applied; measured outside its thread. */
export const indexLagEntries = new Gauge({
  name: 'search_index_lag_entries',
  help: 'Changes of quotes that the index has yet to apply',
});

/** How long the thread of the index has been silent, which reports four times a second. */
export const indexSilentSeconds = new Gauge({
  name: 'search_index_silent_seconds',
  help: 'Seconds since the thread of the index last said how it is',
});

/** Searches that wait for their turn. */
export const queueLength = new Gauge({
  name: 'search_queue_length',
  help: 'Searches that wait for the index',
});

/** Searches that were not answered. */
export const searchesRefused = new Counter({
  name: 'search_refused_total',
  help:
    'Searches not answered: the queue was full, the wait too late for an answer, or the ' +
    'client gone',
  labelNames: ['reason'] as const,
});
for (const reason of ['full', 'late', 'gone']) searchesRefused.inc({ reason }, 0);

/** Comparisons with all quotes because the log had lost something. */
export const indexResyncs = new Counter({
  name: 'search_index_resyncs_total',
  help:
    'Times the index was compared with all quotes because the log of changes did not continue ' +
    'where it stood',
});

/** Age of the snapshot that the next replica would start from. */
export const snapshotAge = new Gauge({
  name: 'search_snapshot_age_seconds',
  help: 'Age of the newest snapshot of the index; 0 while there is none',
});

/** Seconds that the index took for a query, by what makes it costly. */
export const queryDuration = new Histogram({
  name: 'search_query_duration_seconds',
  help:
    'Time the index took for a query: one word, several, a phrase, or few hits, so that typos ' +
    'were tried; to select quotes, to list names, or to suggest',
  labelNames: ['kind'] as const,
  buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
});

/**
 * What made the query costly, the label of {@link queryDuration}; `few`: so few quotes match that
 * typos were tried.
 */
export function queryKind({ words, phrases }: Query, { withTypos }: SearchResult) {
  if (withTypos) return 'few';
  if (phrases.length > 0) return 'phrase';
  return words.length === 1 ? 'word' : 'words';
}
