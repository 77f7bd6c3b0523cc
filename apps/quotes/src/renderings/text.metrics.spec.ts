import { widthOf } from './text.metrics.ts';

it.each([
  ['an accent', 'e\u0301', 'e'],
  ['a letter with an accent', 'é', 'e'],
  ['an Arabic ligature', '\ufdfb', 'جل جلاله'],
  ['a family of emoji', '👩‍👩‍👧', '👩'],
  ['an emoji of a skin colour', '👍🏽', '👍'],
  ['a zero-width space', 'a\u200bb', 'ab'],
  ['two ideographs', '君子', 'ａ字'],
])('%s is as wide as what it looks like', (_name, text, like) => {
  expect(widthOf(text)).toBeCloseTo(widthOf(like));
});

it('tells narrow from wide letters', () => {
  expect(widthOf('iiii')).toBeLessThan(widthOf('mm'));
  expect(widthOf('mm')).toBeLessThan(widthOf('君子'));
});
