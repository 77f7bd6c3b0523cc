import fc from 'fast-check';
import { bordersOf, indexOf } from './pattern.search.ts';

const letters = (minLength: number) =>
  fc.array(fc.constantFrom(1, 2), { minLength, maxLength: 12, size: 'max' });

it('finds a pattern where it stands first', () => {
  const property = fc.property(letters(0), letters(1), fc.nat(3), (text, pattern, from) => {
    const to = Math.max(from, text.length - 1);
    const found = text.slice(0, to).join('').indexOf(pattern.join(''), from);
    expect(indexOf(text, from, Math.min(to, text.length), pattern, bordersOf(pattern))).toBe(found);
  });
  fc.assert(property, { seed: 1, numRuns: 2_000 });
});

it('looks at a text once, however often it nearly matches', () => {
  const pattern = [...Array<number>(15).fill(1), 2];
  let looks = 0;
  const text = new Proxy(Array<number>(1_000).fill(1), {
    get: (target, key) => {
      looks++;
      return Reflect.get(target, key);
    },
  });
  expect(indexOf(text, 0, 1_000, pattern, bordersOf(pattern))).toBe(-1);
  expect(looks).toBe(1_000);
});
