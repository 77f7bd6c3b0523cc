/** Numbers of 16 or 32 bits. */
export type Numbers = Uint16Array | Uint32Array;

/** The same numbers, in 16 bits when all of them fit: for arrays that are kept. */
export function narrowed(numbers: Numbers): Numbers {
  for (let i = 0; i < numbers.length; i++) {
    if ((numbers[i] as number) > 0xffff) return numbers;
  }
  return new Uint16Array(numbers);
}
