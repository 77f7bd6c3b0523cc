import { createHash } from 'node:crypto';
import { entityTag } from './entity.tag.ts';
import { isMetWithoutTag, meetsIfMatch, preconditionOf } from './precondition.ts';

const digest = (body: string) => createHash('sha1').update(body).digest('hex').slice(0, 24);
const [a, b] = [entityTag('a'), entityTag('b')];

it.each([
  ['no field', undefined, '*'],
  ['any state', ' * ', '*'],
  ['a tag', a, digest('a')],
  ['a tag of a coded answer', `${a.slice(0, -1)}-br"`, digest('a')],
  ['the end of a coding without a tag', '"-gzip"', ''],
  ['a list', `${a}, ${b}`, `${digest('a')},${digest('b')}`],
  ['a list without blanks', `${a},${b}`, `${digest('a')},${digest('b')}`],
  ['a tag of another server in a list', `"x,y", ${b}, "*"`, digest('b')],
  ['a weak tag, which a strong comparison refuses', `W/${a}, ${b}`, digest('b')],
  ['a tag in the other alphabet of Base64', '"++++////++++////"', ''],
  ['a tag that is too long', `"${'x'.repeat(17)}"`, ''],
  ['an empty field', '', ''],
  ['a tag without its marks', a.slice(1, -1), ''],
  ['a star among tags', `*, ${a}`, digest('a')],
])('reads of If-Match %s', (_name, field, digests) => {
  const headers = field === undefined ? {} : { 'if-match': field };
  expect(preconditionOf(headers)).toEqual({ match: digests, noneMatch: '' });
});

it.each([
  ['no field', undefined, ''],
  ['any state', ' * ', '*'],
  ['a list, which is compared weakly', `${a}, W/${b}`, `${digest('a')},${digest('b')}`],
  ['a tag of a coded answer', `W/${a.slice(0, -1)}-gzip"`, digest('a')],
  ['a tag of another server', '"x"', ''],
])('reads of If-None-Match %s', (_name, field, digests) => {
  const headers = field === undefined ? {} : { 'if-none-match': field };
  expect(preconditionOf(headers)).toEqual({ match: '*', noneMatch: digests });
});

it.each([
  [{}, true],
  [{ 'if-match': '*' }, true],
  [{ 'if-match': a }, false],
  [{ 'if-match': '"x"' }, false],
  [{ 'if-none-match': '*' }, false],
  [{ 'if-none-match': a }, true],
  [{ 'if-match': '*', 'if-none-match': '*' }, false],
])('of %j tells whether a resource without a tag meets it: %s', (headers, isMet) => {
  expect(isMetWithoutTag(preconditionOf(headers))).toBe(isMet);
});

it.each([
  ['any state', ' * ', true],
  ['the tag', a, true],
  ['the tag in a list', `"x", ${b},${a}`, true],
  ['the tag of a coded answer', `${a.slice(0, -1)}-gzip"`, true],
  ['a weak tag', `W/${a}`, false],
  ['another tag', b, false],
  ['a tag without its marks', a.slice(1, -1), false],
  ['nothing', '', false],
])('finds the tag of a representation: %s', (_name, field, isMet) => {
  expect(meetsIfMatch(field, a)).toBe(isMet);
  expect(meetsIfMatch(field, undefined)).toBe(field.trim() === '*');
});

it('makes one tag of the same bytes, whether they are a text or not', () => {
  expect(entityTag('é')).toBe(entityTag(Buffer.from('é')));
  expect(entityTag('é')).toMatch(/^"[\w-]{16}"$/);
  expect(a).not.toBe(b);
});
