import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSecrets, secret } from './secrets.ts';

describe('findSecrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a password', secret('password')],
    ...['a', 'ab', 'abc'].map((id) => [
      `credentials of ${id}`,
      `Basic ${Buffer.from(`${id}:${secret('password')}`).toString('base64')}`,
    ]),
    ['the key of the examples', 'supersecretkey'],
    ['a hash', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'],
    ['a header', '{"authorization":"[hidden]"}'],
  ])('finds %s', (_name, leaked) => {
    writeFileSync(join(folder, 'log'), `{"msg":"fine"}\n{"msg":"${leaked}"}\n`);

    expect(findSecrets(folder)).toEqual([`log: {"msg":"${leaked}"}`]);
  });
});
