/**
 * `node seal.ts seal`: takes the copies in /copy to the volume /backup, encrypted when there is a
 * BACKUP_KEY, and keeps the seven newest backups. `node seal.ts open`: takes a backup, $BACKUP or
 * the newest, to /copy for restore.sh.
 *
 * The encrypted format is that of the program `openssl`, which the image of Redis lacks, so that a
 * backup can be read without this one: `openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256
 * -pass env:BACKUP_KEY -in quotes-....rdb.enc -out quotes-....rdb`
 */
import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes, randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const COPY = '/copy';
const BACKUPS = '/backup';
const MAX_BACKUPS = 7;

const CIPHER = 'aes-256-cbc';
const ITERATIONS = 600_000;
/** A file of OpenSSL begins with this, followed by eight bytes of salt. */
const MAGIC = Buffer.from('Salted__');
const HEADER_BYTES = MAGIC.length + 8;

/** Files of interrupted runs are deleted after this time, or they would fill the volume. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

const key = process.env.BACKUP_KEY;
try {
  if (process.argv[2] === 'open') await open();
  else await seal();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function seal(): Promise<void> {
  for (const name of readdirSync(BACKUPS).filter((file) => file.endsWith('.part'))) {
    const part = join(BACKUPS, name);
    const { mtimeMs = Date.now() } = statSync(part, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) rmSync(part, { force: true });
  }
  for (const name of backupsIn(COPY)) {
    const file = join(BACKUPS, key ? `${name}.enc` : name);
    await write(join(COPY, name), file, key ? encryption(key) : { transform: new PassThrough() });
    console.log(`${file} ${statSync(file).size} bytes`);
  }
  for (const name of backupsIn(BACKUPS).slice(0, -MAX_BACKUPS))
    rmSync(join(BACKUPS, name), { force: true });
}

async function open(): Promise<void> {
  const file = process.env.BACKUP || join(BACKUPS, backupsIn(BACKUPS).at(-1) ?? '');
  const refuse = (reason: string): never => {
    throw new Error(`${file} ${reason}; nothing is changed`);
  };
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) refuse('is not a backup');
  const isEncrypted = file.endsWith('.enc');
  if (isEncrypted && !key) refuse('is encrypted, and there is no BACKUP_KEY');
  const decipher =
    isEncrypted && key ? decryption(file, key) : { transform: new PassThrough(), start: 0 };
  const target = join(COPY, basename(file).replace(/\.enc$/, ''));
  await write(file, target, decipher).catch(() =>
    refuse('cannot be decrypted: damaged, or BACKUP_KEY is another one'),
  );
}

/** The backups in a folder, oldest first. */
function backupsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^quotes-.*\.rdb(\.enc)?$/.test(name))
    .sort();
}

/** Writes a file completely or not at all. */
async function write(
  from: string,
  to: string,
  { transform, header, start = 0 }: { transform: Transform; header?: Buffer; start?: number },
): Promise<void> {
  // The name is unique, since a nightly run and one by hand may overlap.
  const part = `${to}.${randomUUID()}.part`;
  try {
    const output = createWriteStream(part, { mode: 0o600 });
    if (header) output.write(header);
    await pipeline(createReadStream(from, { start }), transform, output);
    renameSync(part, to);
  } finally {
    rmSync(part, { force: true });
  }
}

function encryption(password: string) {
  const salt = randomBytes(HEADER_BYTES - MAGIC.length);
  return {
    transform: createCipheriv(CIPHER, ...derive(password, salt)),
    header: Buffer.concat([MAGIC, salt]),
  };
}

function decryption(file: string, password: string) {
  const header = Buffer.alloc(HEADER_BYTES);
  readSync(openSync(file, 'r'), header);
  return {
    transform: createDecipheriv(CIPHER, ...derive(password, header.subarray(MAGIC.length))),
    start: HEADER_BYTES,
  };
}

/** Key and initialisation vector. */
function derive(password: string, salt: Buffer): [Buffer, Buffer] {
  const bytes = pbkdf2Sync(password, salt, ITERATIONS, 48, 'sha256');
  return [bytes.subarray(0, 32), bytes.subarray(32)];
}
