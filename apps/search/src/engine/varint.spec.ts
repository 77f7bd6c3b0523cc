import { MAX_VARINT32_BYTES, readVarints, writeVarint } from './varint.ts';

const NUMBERS = [0, 1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28, 2 ** 31, 2 ** 32 - 1];

describe('varints', () => {
  it('come back, and take a byte for every seven bits', () => {
    const bytes = new Uint8Array(NUMBERS.length * MAX_VARINT32_BYTES);
    const end = NUMBERS.reduce((at, number) => writeVarint(bytes, at, number), 0);
    expect(end).toBe(1 + 1 + 1 + 2 + 2 + 3 + 4 + 5 + 5 + 5);
    const numbers = new Uint32Array(NUMBERS.length + 1);
    expect(readVarints(bytes, 0, NUMBERS.length, numbers, 1)).toBe(end);
    expect([...numbers.subarray(1)]).toEqual(NUMBERS);
  });

  it('are written up to 53 bits', () => {
    const bytes = new Uint8Array(8);
    expect(writeVarint(bytes, 0, Number.MAX_SAFE_INTEGER)).toBe(8);
    expect([...bytes]).toEqual([255, 255, 255, 255, 255, 255, 255, 15]);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('fail for %d', (number) => {
    expect(() => writeVarint(new Uint8Array(8), 0, number)).toThrow('Broken invariant: a varint');
  });
});
