import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { decodeQuote, type Quote } from '#libs/quotes/quote.document.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import { verifyPassword } from '#libs/users/password.ts';
import { USER_KEYS } from '#libs/users/user.keys.ts';

const platform = new Platform();
const folder = mkdtempSync(join(tmpdir(), 'import-'));
const keys = shardKeys(0);

/** So many rows that a test can interrupt their import. */
const ROWS = 100_000;

beforeAll(async () => {
  await platform.start();
  const quotes = Array.from(
    { length: ROWS },
    (_, i) => `"Quote number ${i}, of the many there are"`,
  );
  write('many.csv', `quote\n${quotes.join('\n')}\n`);
});
afterAll(async () => {
  await platform.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => platform.flush());

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

/** Starts the command in the folder of the files. */
function start(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(
    process.execPath,
    [join(process.cwd(), 'dist/apps/import/main.js'), ...args],
    {
      cwd: folder,
      env: { ...platform.redisEnv('import'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const end = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]).then(
    ([stdout, stderr, [status, signal]]) => ({
      stdout,
      stderr: stderr.split('\n').slice(0, -1),
      status: status ?? signal,
    }),
  );
  return { child, end };
}

const run = (...args: string[]) => start(args).end;

/** The texts in Redis, in the order of their import; checks that every index agrees. */
async function stored(): Promise<string[]> {
  const ids = await platform.redis.zrange(keys.quotes, '0', '-1');
  expect(await platform.redis.hlen(keys.imported)).toBe(ids.length);
  if (ids.length === 0) return [];
  return (await platform.redis.mget(ids.map((id) => keys.quote + id))).map(
    (document) => JSON.parse(document ?? '').quote,
  );
}

/** The quotes in Redis, in the order of their import. */
async function quotesStored(): Promise<Quote[]> {
  const ids = await platform.redis.zrange(keys.quotes, '0', '-1');
  const documents = await platform.redis.mget(ids.map((id) => keys.quote + id));
  return documents.map((document) => decodeQuote(document ?? ''));
}

/** A slow run also prints a line about its progress every few seconds. */
const isNotProgress = (line: string) => !/ rows /.test(line);

const count = () => platform.redis.zcard(keys.quotes);
/** Waits until more is stored than can be in flight: so the importer has had an answer. */
const underWay = () => eventually(async () => (await count()) > 8 * 128);

describe('quotes', () => {
  it.each([
    ['a.csv', '\ufeffquote\r\n"one, ""1"""\r\n"two\nlines"\r\n'],
    ['a.jsonl', '{"quote":"one, \\"1\\""}\n\n{"quote":"two\\nlines","user_id":null}'],
    ['a.ndjson', '{"quote":"one, \\"1\\""}\n{"quote":"two\\nlines"}\n'],
    ['a', 'one, "1"\n%\ntwo\nlines\n%\n'],
  ])('come from %s', async (name, content) => {
    const { stdout, stderr, status } = await run('quotes', write(name, content));

    expect(await stored()).toEqual(['one, "1"', 'two\nlines']);
    expect(stderr).toEqual([]);
    expect(stdout).toMatch(/^2 added, 0 already there, 0 refused in [\d.]+ s \([\d,]+\/s\)\n$/);
    expect(status).toBe(0);
  });

  it('come from several files, in their encodings, and with overstrikes resolved', async () => {
    write('latin1', Buffer.from('d\xe9j\xe0 vu\n', 'latin1'));
    write('utf8', "œuvre\n%\ncaf'\be\n");

    expect((await run('quotes', 'latin1', 'utf8')).status).toBe(0);
    expect(await stored()).toEqual(['déjà vu', 'œuvre', 'café']);
  });

  it.each([
    [
      'fields.csv',
      'quote,author,source,lang,tags\none,Ada,"Notes, 1",EN,"Sea, life;work|sea,"\ntwo,,,,\n',
    ],
    [
      'fields.jsonl',
      '{"quote":"one","author":"Ada","source":"Notes, 1","lang":"en",' +
        '"tags":["sea","life","work"]}\n' +
        '{"quote":"two","author":null,"tags":[]}\n',
    ],
  ])('have an author, a source, a language and tags in %s', async (name, content) => {
    expect((await run('quotes', write(name, content))).status).toBe(0);
    expect(await quotesStored()).toMatchObject([
      { author: 'Ada', source: 'Notes, 1', lang: 'en', tags: ['sea', 'life', 'work'] },
      { author: null, source: null, lang: null, tags: [] },
    ]);
  });

  it('with a bad author, language or tag are refused', async () => {
    const many = Array.from({ length: 11 }, (_, i) => `t${i}`).join();
    const { stderr } = await run(
      'quotes',
      write(
        'badfields.csv',
        `quote,author,lang,tags\none,${'x'.repeat(101)},,\ntwo,,French,\nthree,,,"a,${'x'.repeat(33)}"\n` +
          `four,,,"${many}"\n`,
      ),
    );
    expect(stderr.filter(isNotProgress)).toEqual([
      'badfields.csv:2: author must have at most 100 characters',
      'badfields.csv:3: lang must be a code of ISO 639, such as en',
      'badfields.csv:4: tags.1 must have at most 32 characters',
      'badfields.csv:5: tags must be at most 10 tags',
    ]);
  });

  it('of the sample say who said them, outside of their texts', async () => {
    const { status } = await run('quotes', join(process.cwd(), 'deploy/local/sample.csv'));
    expect(status).toBe(0);
    const sample = await quotesStored();
    expect(sample.length).toBe(80);
    expect(sample.filter(({ author }) => author !== null).length).toBe(77);
    expect(sample.filter(({ quote }) => quote.endsWith(')'))).toEqual([]);
    expect(sample.filter(({ lang, tags }) => lang === null || tags.length === 0)).toEqual([]);
  });

  it('are signed by users that exist', async () => {
    expect(
      (
        await run(
          'users',
          write('tintin.csv', `id,name,password\ntintin,Tintin,${secret('milou')}\n`),
        )
      ).status,
    ).toBe(0);
    const { stderr, stdout, status } = await run(
      'quotes',
      write('signed.csv', 'user_id,quote\ntintin,one\nhaddock,two\n,three\n'),
    );

    expect(await stored()).toEqual(['one', 'three']);
    expect(await platform.redis.zcard(`${keys.byUser}tintin`)).toBe(1);
    expect(stderr).toEqual(['signed.csv:3: user_id "haddock" is not a known user']);
    expect(stdout).toContain('2 added, 0 already there, 1 refused');
    expect(status).toBe(1);
  });

  it('that are bad are named with file, line and reason, and skipped', async () => {
    const csv = write(
      'bad.csv',
      `quote,user_id\n"\n ",\n,tintin\n${'x'.repeat(2001)},\na"b,\na\u0007b,\nok,no way\n` +
        'one,two,three\ngood,\n',
    );
    const jsonl = write(
      'bad.jsonl',
      '{"quote":7}\n{"qoute":"typo"}\n[]\n{\n{"quote":"\\ud800"}\n{"quote":"fine"}\n',
    );
    const fortune = write('bad', `\u001b[1mbold\n%\n%\n${'é'.repeat(2001)}\n%\nbest\n%\n`);
    const { stderr, stdout, status } = await run('quotes', csv, jsonl, fortune);

    expect(stderr).toEqual([
      'bad.csv:2: quote must hold readable characters and no control characters',
      'bad.csv:4: quote is missing',
      'bad.csv:5: quote must have at most 2000 characters',
      'bad.csv:6: has a quote out of place',
      'bad.csv:7: quote must hold readable characters and no control characters',
      'bad.csv:8: user_id must have 1 to 64 characters of A-Z a-z 0-9 _ . -',
      'bad.csv:9: has 3 fields where the header has 2',
      'bad.jsonl:1: quote must be a string',
      'bad.jsonl:2: quote is missing; "qoute" is not known',
      'bad.jsonl:3: must be an object',
      'bad.jsonl:4: is not valid JSON',
      'bad.jsonl:5: quote must not hold half of a surrogate pair',
      'bad:1: quote must hold readable characters and no control characters',
      'bad:3: quote must hold readable characters and no control characters',
      'bad:4: quote must have at most 2000 characters',
    ]);
    expect(await stored()).toEqual(['good', 'fine', 'best']);
    expect(stdout).toContain('3 added, 0 already there, 15 refused');
    expect(status).toBe(1);
  });

  it('are not added a second time, whatever the file', async () => {
    expect((await run('quotes', write('first.csv', 'quote\none\ntwo\none\n'))).status).toBe(0);
    const { stdout, status } = await run('quotes', write('second', 'two\n%\n one \n%\nthree\n'));

    expect(stdout).toContain('1 added, 2 already there, 0 refused');
    expect(status).toBe(0);
    expect(await stored()).toEqual(['one', 'two', 'three']);
  });

  it('are added once by two imports at once', async () => {
    const ends = await Promise.all([run('quotes', 'many.csv'), run('quotes', 'many.csv')]);
    const sum = (pattern: RegExp) =>
      ends.reduce(
        (total, { stdout }) => total + Number(pattern.exec(stdout)?.[1]?.replaceAll(',', '')),
        0,
      );

    expect(ends.map(({ status }) => status)).toEqual([0, 0]);
    expect(sum(/([\d,]+) added/)).toBe(ROWS);
    expect(sum(/([\d,]+) already there/)).toBe(ROWS);
    expect(new Set(await stored()).size).toBe(ROWS);
  });

  it('leave out the companions of fortune files', async () => {
    write('wise', 'one\n');
    write('wise.dat', Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]));
    symlinkSync('wise', join(folder, 'wise.u8'));
    const { stdout, status } = await run('quotes', 'wise', 'wise.dat', 'wise.u8');

    expect(stdout).toContain('1 added, 0 already there, 0 refused');
    expect(status).toBe(0);
  });
});

describe('users', () => {
  const milou = secret('milou');

  it.each([
    ['users.csv', `name,id,password\nTintin,tintin,${milou}\n`],
    ['users.jsonl', `{"id":"tintin","name":"Tintin","password":"${milou}"}\n`],
  ])('come from %s, their passwords hashed', async (name, content) => {
    const { stdout, status } = await run('users', write(name, content));

    expect(stdout).toContain('1 added');
    expect(status).toBe(0);
    const user = await platform.redis.hgetall(`${USER_KEYS.user}tintin`);
    expect(user.name).toBe('Tintin');
    expect(await verifyPassword(milou, user.password ?? '')).toBe(true);
  });

  it('that exist are left alone', async () => {
    expect(
      (await run('users', write('users.csv', `id,name,password\ntintin,Tintin,${milou}\n`))).status,
    ).toBe(0);
    const { stdout, status } = await run(
      'users',
      write('users.csv', `id,name,password\ntintin,Dupont,${milou}\n`),
    );

    expect(stdout).toContain('0 added, 1 already there, 0 refused');
    expect(status).toBe(0);
    expect(await platform.redis.hget(`${USER_KEYS.user}tintin`, 'name')).toBe('Tintin');
  });

  it('need passwords as long as over HTTP', async () => {
    const { stderr, status } = await run(
      'users',
      write('users.csv', 'id,name,password\ntintin,Tintin,sept777\n'),
    );

    expect(stderr).toEqual(['users.csv:2: password must have at least 8 characters']);
    expect(status).toBe(1);
  });

  it('that are bad are named, their passwords not', async () => {
    const { stderr, stdout, status } = await run(
      'users',
      write('users.csv', `id,name,password\na b,,${milou}\n`),
    );

    expect(stderr).toEqual([
      'users.csv:2: id must have 1 to 64 characters of A-Z a-z 0-9 _ . -; name is missing',
    ]);
    expect(stdout).toContain('1 refused');
    expect(status).toBe(1);
  });
});

describe('messages', () => {
  const evil = '\x1b]0;owned\x07\x1b[2J\u202e\x9b31m';
  const shown = '\\u001b]0;owned\\u0007\\u001b[2J\\u202e\\u009b31m';

  it.each([
    ['a file name', ['quotes', `${evil}.csv`], `${shown}.csv: there is no such file`],
    ['a column', ['quotes', 'column.csv'], `"${shown}" is not a known column`],
    ['a field', ['quotes', 'field.jsonl'], 'is not known'],
    ['an option', ['quotes', `--${evil}`], shown],
  ])('never print raw control characters of %s', async (_name, args, message) => {
    write('column.csv', `quote,"${evil}"\none,two\n`);
    write('field.jsonl', `${JSON.stringify({ quote: 'one', [evil]: 1 })}\n`);
    const { stderr, status } = await run(...args);

    expect(stderr.join('\n')).toContain(message);
    expect(stderr.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(status).not.toBe(0);
  });
});

describe('what cannot be done', () => {
  const HEADER = 'quote[,author][,source][,lang][,tags][,user_id]';

  beforeAll(() => {
    mkdirSync(join(folder, 'folder'));
    write('good.csv', 'quote\none\n');
    write('unknown.csv', 'quote,mood\none,good\n');
    write('missing.csv', 'user_id\ntintin\n');
    write('twice.csv', 'quote,quote\none,two\n');
  });

  it.each([
    ['a missing file', ['quotes', 'good.csv', 'none.csv'], 'none.csv: there is no such file'],
    ['a folder', ['quotes', 'good.csv', 'folder'], 'folder: is a folder'],
    [
      'an unknown column',
      ['quotes', 'good.csv', 'unknown.csv'],
      `unknown.csv:1: "mood" is not a known column: the header must be ${HEADER}`,
    ],
    [
      'a missing column',
      ['quotes', 'good.csv', 'missing.csv'],
      `missing.csv:1: column "quote" is missing: the header must be ${HEADER}`,
    ],
    [
      'a column named twice',
      ['quotes', 'good.csv', 'twice.csv'],
      `twice.csv:1: a column is named twice: the header must be ${HEADER}`,
    ],
    ['users in a fortune file', ['users', 'wise'], 'wise: is neither .csv nor .jsonl'],
    ['nothing to import', ['quotes'], 'Name at least one file'],
    ['standard input', ['quotes', '-'], 'Standard input is not read: name a file'],
    ['no command', [], 'Say what to import: quotes or users'],
    ['an unknown command', ['cats', 'good.csv'], 'Say what to import: quotes or users'],
  ])('is told before anything is written: %s', async (_name, args, message) => {
    write('wise', 'one\n');
    const { stdout, stderr, status } = await run(...args);

    expect(stderr[0]).toBe(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
    expect(await count()).toBe(0);
  });

  it('is told of the environment', async () => {
    const { stderr, status } = await start(['quotes', 'good.csv'], { REDIS_PORT: 'six' }).end;

    expect(stderr).toEqual(['import cannot start: REDIS_PORT must be a whole number']);
    expect(status).toBe(2);
  });

  it('is explained by --help', async () => {
    const { stdout, status } = await run('--help');

    expect(stdout).toContain('npm run import -- quotes FILE...');
    expect(status).toBe(0);
  });
});

describe('interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s, an import sums up what it did, and goes on when run again',
    async (signal) => {
      const { child, end } = start(['quotes', 'many.csv']);
      await underWay();
      child.kill(signal);
      const { stdout, stderr, status } = await end;
      const added = await count();

      expect(status).toBe(130);
      expect(stderr.filter(isNotProgress)).toEqual([]);
      expect(added).toBeLessThan(ROWS);
      expect(stdout).toContain(`${added.toLocaleString('en')} added, 0 already there`);
      expect((await run('quotes', 'many.csv')).stdout).toContain(
        `${(ROWS - added).toLocaleString('en')} added, ${added.toLocaleString('en')} already there`,
      );
    },
  );

  it('by SIGKILL, an import goes on when run again', async () => {
    const { child, end } = start(['quotes', 'many.csv']);
    await underWay();
    child.kill('SIGKILL');

    expect((await end).status).toBe('SIGKILL');
    expect(await count()).toBeLessThan(ROWS);
    expect((await run('quotes', 'many.csv')).status).toBe(0);
    expect(new Set(await stored()).size).toBe(ROWS);
    expect(await count()).toBe(ROWS);
  });
});

describe('Redis', () => {
  it('may be killed and come back meanwhile', async () => {
    const { end } = start(['quotes', 'many.csv']);
    await underWay();
    await platform.signalRedis('SIGKILL');
    await platform.startRedis();
    const { stderr, status } = await end;

    expect(stderr.filter(isNotProgress)).toEqual([]);
    expect(status).toBe(0);
    expect(await count()).toBe(ROWS);
    expect(new Set(await stored()).size).toBe(ROWS);
  });

  it('that does not let it in ends the import with one line that says why', async () => {
    const { stdout, stderr, status } = await start(['quotes', 'many.csv'], {
      REDIS_PASSWORD: secret('wrong'),
    }).end;

    expect(stderr.filter(isNotProgress)).toEqual([
      `Import stopped: Redis at ${platform.redisAddress.replaceAll(',', ', ')} is away: ` +
        'WRONGPASS. Run it again to go on.',
    ]);
    expect(stdout).toMatch(/^0 added/);
    expect(status).toBe(2);
  });

  it('that stays away ends the import with one line; run again, it goes on', async () => {
    const { end } = start(['quotes', 'many.csv']);
    await underWay();
    await platform.signalRedis('SIGKILL');
    const { stdout, stderr, status } = await end;
    await platform.startRedis();
    await eventually(() => platform.redis.ping());

    const added = Number(/([\d,]+) added/.exec(stdout)?.[1]?.replaceAll(',', ''));
    expect(stderr.filter(isNotProgress)).toEqual([
      `Import stopped: Redis at ${platform.redisAddress.replaceAll(',', ', ')} is away: ` +
        'refused. Run it again to go on.',
    ]);
    expect(status).toBe(2);
    expect(added).toBeGreaterThan(0);
    expect(await count()).toBeGreaterThanOrEqual(added);
    expect((await run('quotes', 'many.csv')).status).toBe(0);
    expect(new Set(await stored()).size).toBe(ROWS);
  });
});
