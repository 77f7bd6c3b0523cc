/** Decodes `count` numbers below 2^32 from `bytes`, the first at `from`, into `numbers` from `to` on. Returns the place behind the last. */
export function readVarints(bytes: Uint8Array, from: number, count: number, numbers: Uint32Array, to: number): number {
  let at = from;
  for (let i = to; i < to + count; i++) {
    let byte = bytes[at++] as number;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
    }
    numbers[i] = value;
  }
  return at;
}

/** Writes a number below 2^53 in LEB128: seven bits a byte, the lowest first, the top bit set on all but the last. Returns the place behind. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) bytes[end++] = (rest % 0x80) | 0x80;
  for (; rest >= 0x80; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
  bytes[end++] = rest;
  return end;
}
