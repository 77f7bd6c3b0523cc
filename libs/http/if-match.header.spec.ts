import { createHash } from 'node:crypto';
import { entityTag } from './entity.tag.ts';
import { ifMatchDigests } from './if-match.header.ts';

const digest = (body: string) => createHash('sha1').update(body).digest('hex').slice(0, 24);
const [a, b] = [entityTag('a'), entityTag('b')];

it.each([
  ['no field', undefined, '*'],
  ['any state', ' * ', '*'],
  ['a tag', a, digest('a')],
  ['a list', `${a}, ${b}`, `${digest('a')},${digest('b')}`],
  ['a list without blanks', `${a},${b}`, `${digest('a')},${digest('b')}`],
  ['a tag of another server in a list', `"x,y", ${b}, "*"`, digest('b')],
  ['a weak tag, which a strong comparison refuses', `W/${a}, ${b}`, digest('b')],
  ['a tag in the other alphabet of Base64', '"++++////++++////"', ''],
  ['a tag that is too long', `"${'x'.repeat(17)}"`, ''],
  ['an empty field', '', ''],
  ['a tag without its marks', a.slice(1, -1), ''],
  ['a star among tags', `*, ${a}`, digest('a')],
])('reads %s', (_name, field, digests) => {
  expect(ifMatchDigests(field)).toBe(digests);
});

it('makes one tag of the same bytes, whether they are a text or not', () => {
  expect(entityTag('é')).toBe(entityTag(Buffer.from('é')));
  expect(entityTag('é')).toMatch(/^"[\w-]{16}"$/);
  expect(a).not.toBe(b);
});
