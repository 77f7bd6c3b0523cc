import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A part of every secret of the tests, so that one search finds any that leaks. */
const MARK = 'unutterable';

/**
 * What no log may hold: a secret of the tests in clear or in Base64, the secrets of the examples,
 * or a hash of a password.
 */
const FORBIDDEN = [
  MARK,
  ...base64Forms(MARK),
  'supersecretkey',
  'milou',
  '$argon2id$',
  'Authorization',
];

/** A secret that a test uses as key or password. */
export function secret(name: string): string {
  return `${MARK}-${name}`;
}

/** The lines of the files in a folder that hold a secret, each with the name of its file. */
export function findSecrets(folder: string): string[] {
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => FORBIDDEN.some((text) => line.toLowerCase().includes(text.toLowerCase())))
      .map((line) => `${file}: ${line}`),
  );
}

/** How a text may look inside Base64, whatever comes before it. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(`${'\0'.repeat(shift)}${text}`).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
}
