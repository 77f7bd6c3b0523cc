import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file that pages refer to, under an address that changes with its bytes. */
export interface Asset {
  path: string;
  type: string;
  body: Buffer;
  gzip: Buffer;
}

/** The one style sheet. */
export const STYLE = load('style.css', 'text/css; charset=utf-8');
/** The icon of the site. */
export const ICON = load('icon.svg', 'image/svg+xml');

function load(file: string, type: string): Asset {
  const body = readFileSync(join(import.meta.dirname, 'assets', file));
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 10);
  return { path: `/assets/${digest}/${file}`, type, body, gzip: gzipSync(body, { level: 9 }) };
}
