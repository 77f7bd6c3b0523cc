/**
 * For each prefix of a pattern, how long its longest border is: what it begins and ends with. With
 * it a pattern is found in one pass (Knuth, Morris and Pratt, Fast Pattern Matching in Strings,
 * 1977), however often the text nearly matches.
 */
export function bordersOf(pattern: ArrayLike<number>): Uint8Array {
  const borders = new Uint8Array(pattern.length);
  for (let i = 1, same = 0; i < pattern.length; i++) {
    while (same > 0 && pattern[i] !== pattern[same]) same = borders[same - 1] as number;
    if (pattern[i] === pattern[same]) same++;
    borders[i] = same;
  }
  return borders;
}

/**
 * Where a pattern stands in `text[from]` up to, but without, `text[to]`; -1 when it does not.
 * @param borders of the pattern, which has at most 255 elements
 */
export function indexOf(
  text: ArrayLike<number>,
  from: number,
  to: number,
  pattern: ArrayLike<number>,
  borders: Uint8Array,
): number {
  let same = 0;
  for (let at = from; at < to; at++) {
    const element = text[at];
    while (same > 0 && element !== pattern[same]) same = borders[same - 1] as number;
    if (element === pattern[same]) same++;
    if (same === pattern.length) return at + 1 - same;
  }
  return -1;
}
