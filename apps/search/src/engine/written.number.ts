import { fold } from './fold.ts';

const DIGIT = '\\p{Nd}';
const NARROW_SPACE = '\u00a0\u2007\u2008\u2009\u202f';
const GROUP_MARK = `[.,．，'’_٬${NARROW_SPACE}]`;
const DECIMAL_MARK = '[.,．，٫]';
const SLASH = '[\\/\u2044\u2215]';
const DECIMALS = `(?:(?!\\k<mark>)${DECIMAL_MARK}${DIGIT}+)?`;

/**
 * The source of a regular expression for a number that is written with more than digits:
 *
 * - digits in groups of three, or as in India of two, with any one mark or space between them;
 * - a number with decimals, behind a point or a comma;
 * - a fraction of at most three digits each.
 *
 * Where more digits go on behind another mark, as in dates, addresses and versions, it is none.
 */
export const WRITTEN_NUMBER = [
  '(?=\\p{Nd})(?:',
  [
    `(?<!${DIGIT}${GROUP_MARK})(?!0)${DIGIT}{1,3}` +
      `(?:(?<mark>${GROUP_MARK})${DIGIT}{3}(?:\\k<mark>${DIGIT}{3})*${DECIMALS}` +
      `|(?:,${DIGIT}{2})+,${DIGIT}{3}(?:\\.${DIGIT}+)?)(?!${GROUP_MARK}?${DIGIT})`,
    `(?<!${DIGIT}[ .,])(?!0)${DIGIT}{1,3}(?: ${DIGIT}{3})+(?:${DECIMAL_MARK}${DIGIT}+)?(?![ .,]?${DIGIT})`,
    `(?<!${DIGIT}${DECIMAL_MARK})${DIGIT}+${DECIMAL_MARK}${DIGIT}+(?!${DECIMAL_MARK}?${DIGIT})`,
    `(?<!${DIGIT}${SLASH})${DIGIT}{1,3}${SLASH}${DIGIT}{1,3}(?!${SLASH}?${DIGIT})`,
  ].join('|'),
  ')',
].join('');

/**
 * The term of a number that matches WRITTEN_NUMBER: its digits without groups, the decimals behind
 * a point, a fraction with a slash. A single mark in front of three digits parts groups, unless a
 * zero or four digits stand in front of it: `3.141` is `3141`, as `3,141` is.
 */
export function numberTerm(written: string): string {
  const number = fold(written.replace(/[\u2044\u2215]/, '/')).replace(/[’_\u066c\s]/g, '');
  if (number.includes('/')) return number;
  const [, whole = '', mark = '', decimals = ''] = /^(.*)([.,٫])(\d+)$/.exec(number) ?? [];
  const isGroup =
    whole.includes(mark) || (decimals.length === 3 && mark !== '٫' && /^[1-9]\d{0,2}$/.test(whole));
  return isGroup ? number.replace(/\D/g, '') : `${whole.replace(/\D/g, '')}.${decimals}`;
}
