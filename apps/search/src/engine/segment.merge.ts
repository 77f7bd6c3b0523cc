import { hasBit } from './bitmap.ts';
import { finish } from './segment.builder.ts';
import type { Forward, Postings, Segment } from './segment.layout.ts';
import type { TermTable } from './term.table.ts';

/** Builds one segment of what is alive in several, together at most SEGMENT_DOCUMENTS, in their order. */
export function mergeSegments(sources: Segment[], table: TermTable): Segment {
  const moves = sources.map((source) => new Uint16Array(source.size));
  const forward = mergeForward(sources, moves);
  return finish(forward, mergePostings(sources, moves, table));
}

/** Merges the sources' term lists as sorted lists are merged, so that memory is read and written in order, which is several times quicker. */
function mergePostings(sources: Segment[], moves: Uint16Array[], table: TermTable): Postings {
  const most = sources.reduce((sum, source) => sum + source.documents.length, 0);
  const merged = { documents: new Uint16Array(most), impacts: new Uint8Array(most), places: new Uint16Array(most) };
  const rankAt = ({ terms }: Segment, i: number) =>
    i < terms.length ? (table.ranks[terms[i] as number] as number) : table.order.length;
  const next = sources.map(() => 0);
  const ranks = sources.map((source) => rankAt(source, 0));
  const terms: number[] = [];
  const offsets = [0];
  let end = 0;
  for (let rank = least(ranks); rank < table.order.length; rank = least(ranks)) {
    const start = end;
    for (let s = 0; s < sources.length; s++) {
      if (ranks[s] !== rank) continue;
      const source = sources[s] as Segment;
      const i = next[s] as number;
      end = copyLivePostings(source, i, moves[s] as Uint16Array, merged, end);
      next[s] = i + 1;
      ranks[s] = rankAt(source, i + 1);
    }
    if (end === start) continue;
    terms.push(table.order[rank] as number);
    offsets.push(end);
  }
  return {
    terms: new Uint32Array(terms),
    offsets: new Uint32Array(offsets),
    documents: merged.documents.slice(0, end),
    impacts: merged.impacts.slice(0, end),
    places: merged.places.slice(0, end),
  };
}

function least(numbers: number[]): number {
  let result = Number.POSITIVE_INFINITY;
  for (const number of numbers) if (number < result) result = number;
  return result;
}

/** Copies those of the source's term `i` to `at`; returns the place behind. */
function copyLivePostings(
  source: Segment,
  i: number,
  moves: Uint16Array,
  to: Pick<Postings, 'documents' | 'impacts' | 'places'>,
  at: number,
): number {
  const allLive = source.liveCount === source.size;
  const { live, documents, impacts, places } = source;
  const last = source.offsets[i + 1] as number;
  let end = at;
  for (let p = source.offsets[i] as number; p < last; p++) {
    const document = documents[p] as number;
    if (!allLive && !hasBit(live, document)) continue;
    to.documents[end] = moves[document] as number;
    to.impacts[end] = impacts[p] as number;
    to.places[end] = places[p] as number;
    end++;
  }
  return end;
}

/** Copies the live documents, and notes in `moves` the number that each gets. */
function mergeForward(sources: Segment[], moves: Uint16Array[]): Forward {
  const size = sources.reduce((sum, source) => sum + source.liveCount, 0);
  const tokens = new Uint8Array(sources.reduce((sum, source) => sum + source.tokens.length, 0));
  const forward = {
    size,
    ids: new Float64Array(size),
    users: new Uint32Array(size),
    lengths: new Uint16Array(size),
    starts: new Uint32Array(size + 1),
  };
  let next = 0;
  let end = 0;
  sources.forEach((source, s) => {
    const move = moves[s] as Uint16Array;
    for (let d = 0; d < source.size; d++) {
      if (!hasBit(source.live, d)) continue;
      forward.ids[next] = source.ids[d] as number;
      forward.users[next] = source.users[d] as number;
      forward.lengths[next] = source.lengths[d] as number;
      move[d] = next++;
      const bytes = source.tokens.subarray(source.starts[d], source.starts[d + 1]);
      tokens.set(bytes, end);
      end += bytes.length;
      forward.starts[next] = end;
    }
  });
  return { ...forward, tokens: tokens.slice(0, end) };
}
