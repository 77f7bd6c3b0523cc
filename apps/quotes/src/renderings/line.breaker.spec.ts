import { balanceLines, breakLines, paragraphsOf } from './line.breaker.ts';
import { widthOf } from './text.metrics.ts';

const broken = (text: string, width: number) => breakLines(paragraphsOf(text.split('\n')), width);

it.each([
  ['at blanks', 'one two three', 5, ['one two', 'three']],
  ['at line ends', 'one\n\ntwo', 5, ['one', '', 'two']],
  ['behind a hyphen between letters', 'well-meant', 3, ['well-', 'meant']],
  ['not behind a hyphen before a digit', 'x-1 y', 1.5, ['x-1', 'y']],
  ['not before French punctuation', 'oh ! oh', 1.8, ['oh\u00a0!', 'oh']],
  ['not behind a French opening mark', 'x « oui »', 3.5, ['x', '«\u00a0oui\u00a0»']],
  ['not at a no-break space', 'a b\u00a0c', 1.5, ['a', 'b\u00a0c']],
  ['within a word that is wider than a line', 'mmmmm', 2, ['mm', 'mm', 'm']],
  ['not within a character of several code points', '👩‍👩‍👧👩‍👩‍👧', 2, ['👩‍👩‍👧', '👩‍👩‍👧']],
  ['between words of Chinese', '君子以自强不息', 4, ['君子以', '自强不息']],
  ['not before a Chinese full stop', '君子自强。', 4, ['君子', '自强。']],
  ['not behind an opening Chinese mark', '君子「自强」', 4, ['君子', '「自强」']],
  ['between words of Thai', 'ความพยายามอยู่ที่ไหน', 7, ['ความพยายาม', 'อยู่ที่ไหน']],
])('a line is broken %s', (_name, text, width, lines) => {
  expect(broken(text, width)).toEqual(lines);
});

it('balanced lines are as many, and none is much shorter than another', () => {
  const text = 'It is a truth universally acknowledged, that a single man must be in want of it';
  const paragraphs = paragraphsOf([text]);
  const lines = balanceLines(paragraphs, 20);
  expect(lines).toHaveLength(breakLines(paragraphs, 20).length);
  expect(lines.join(' ')).toBe(text);
  const widths = lines.map(widthOf);
  expect(Math.min(...widths) / Math.max(...widths)).toBeGreaterThan(0.8);
});
