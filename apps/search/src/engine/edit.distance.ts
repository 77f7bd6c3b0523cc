// The code points of the two words compared, and the last three rows of the table of distances.
// They are kept, since allocating them would take longer than using them.
const left: number[] = [];
const right: number[] = [];
let [twoAbove, above, row]: [number[], number[], number[]] = [[], [], []];

/**
 * The edit distance of two words: the optimal string alignment distance in code points. An edit
 * inserts, deletes or replaces a character or swaps two neighbours, and no character is edited
 * twice. Infinity when it exceeds `max`.
 */
export function editDistance(word: string, other: string, max: number): number {
  const m = readCodePoints(word, left);
  const n = readCodePoints(other, right);
  if (Math.abs(m - n) > max) return Number.POSITIVE_INFINITY;
  // What both begin with needs no edit.
  let start = 0;
  while (start < m && start < n && left[start] === right[start]) start++;
  const columns = n - start;
  for (let j = 0; j <= columns; j++) above[j] = j;
  let leastAbove = 0;
  for (let i = 1; i <= m - start; i++) {
    const least = fillRow(i, start, columns, max);
    // A swap reaches back two rows, so that later rows exceed `max` only when both of these do.
    if (least > max && leastAbove > max) return Number.POSITIVE_INFINITY;
    leastAbove = least;
    [twoAbove, above, row] = [above, row, twoAbove];
  }
  const distance = above[columns] as number;
  return distance > max ? Number.POSITIVE_INFINITY : distance;
}

/**
 * Fills `row`: the distances of `i` code points of `left` to the prefixes of `right`, both from
 * `start` on. Returns the least. Distances up to `max` are within `max` of the diagonal of the
 * table: only these are computed, and one more on either side is set to a distance beyond `max`.
 */
function fillRow(i: number, start: number, columns: number, max: number): number {
  const first = Math.max(1, i - max);
  const last = Math.min(columns, i + max);
  row[first - 1] = first === 1 ? i : max + 1;
  let least = row[first - 1] as number;
  const letter = left[start + i - 1];
  for (let j = first; j <= last; j++) {
    const other = right[start + j - 1];
    const replaced = (above[j - 1] as number) + (letter === other ? 0 : 1);
    let distance = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, replaced);
    if (i > 1 && j > 1 && letter === right[start + j - 2] && left[start + i - 2] === other) {
      distance = Math.min(distance, (twoAbove[j - 2] as number) + 1);
    }
    row[j] = distance;
    if (distance < least) least = distance;
  }
  row[last + 1] = max + 1;
  return least;
}

/** Reads the code points of a word. Returns how many there are. */
function readCodePoints(word: string, into: number[]): number {
  let length = 0;
  for (const character of word) into[length++] = character.codePointAt(0) as number;
  return length;
}
