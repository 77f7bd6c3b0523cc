import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { decodeQuote, encodeQuote, type Quote } from '#libs/quotes/quote.document.ts';
import { shardKeys } from '#libs/quotes/quote.keys.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
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
function start(args: string[], env: NodeJS.ProcessEnv = {}, input: string | Buffer = '') {
  const child = spawn(
    process.execPath,
    [join(process.cwd(), 'dist/apps/import/main.js'), ...args],
    {
      cwd: folder,
      env: { ...platform.redisEnv('import'), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  child.stdin.on('error', () => {}).end(input);
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

/** The first lines of a run say what its files were taken for. */
const TAKEN = {
  signed: 'signed.csv: CSV with commas, UTF-8; quote, user_id',
  many: 'many.csv: CSV of one column, UTF-8; quote',
  users: 'users.csv: CSV with commas, UTF-8; id, name, password',
};

const count = () => platform.redis.zcard(keys.quotes);
/** Waits until more is stored than can be in flight: so the importer has had an answer. */
const underWay = () => eventually(async () => (await count()) > 8 * 128);

describe('quotes', () => {
  it.each([
    [
      'a.csv',
      '\ufeffquote\r\n"one, ""1"""\r\n"two\nlines"\r\n',
      'a.csv: CSV of one column, UTF-8 with BOM; quote',
    ],
    [
      'a.jsonl',
      '{"quote":"one, \\"1\\""}\n\n{"quote":"two\\nlines","user_id":null}',
      'a.jsonl: JSON Lines, UTF-8; quote, user_id',
    ],
    ['a.json', '["one, \\"1\\"",\n"two\\nlines"]', 'a.json: a JSON list, UTF-8'],
    ['a', 'one, "1"\n%\ntwo\nlines\n%\n', 'a: blocks between lines of %, UTF-8'],
  ])('come from %s', async (name, content, taken) => {
    const { stdout, stderr, status } = await run('quotes', write(name, content));

    expect(await stored()).toEqual(['one, "1"', 'two\nlines']);
    expect(stderr).toEqual([taken]);
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

  it('with a bad author or language are refused', async () => {
    const { stderr } = await run(
      'quotes',
      write('badfields.csv', `quote,author,lang\none,${'x'.repeat(101)},\ntwo,,Freench\nthree,,\n`),
    );
    expect(stderr.filter(isNotProgress).slice(1)).toEqual([
      'badfields.csv:2: author must have at most 100 characters',
      'badfields.csv:3: lang must be a code of ISO 639, such as en',
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
    expect(stderr).toEqual([TAKEN.signed, 'signed.csv:3: user_id "haddock" is not a known user']);
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

    expect(stderr.slice(3)).toEqual([
      'bad.csv:2: quote must hold readable characters and no control characters',
      'bad.csv:4: quote is missing',
      'bad.csv:5: quote must have at most 2000 characters',
      'bad.csv:6: has a quote out of place',
      'bad.csv:7: quote must hold readable characters and no control characters: ' +
        'character 2 is U+0007',
      'bad.csv:8: user_id must have 1 to 64 characters of A-Z a-z 0-9 _ . -',
      'bad.csv:9: has 3 fields where the header has 2',
      'bad.jsonl:1: quote must be a string',
      'bad.jsonl:2: quote is missing',
      'bad.jsonl:3: must be an object',
      'bad.jsonl:4: is not valid JSON',
      'bad.jsonl:5: quote must not hold half of a surrogate pair: character 1 is U+D800',
      'bad:1: quote must hold readable characters and no control characters: ' +
        'character 1 is U+001B',
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

describe('tags that a quote cannot have', () => {
  it.each([
    [[], '2 added, 0 already there, 0 refused'],
    [['--dry-run'], '2 would be imported, 0 refused; nothing was written'],
  ])('are left out, and the last line tells of how many rows: %j', async (options, summary) => {
    const many = Array.from({ length: 12 }, (_, i) => `t${i}`).join(',');
    const csv = write('tags.csv', `quote,tags\none,"sea,${'x'.repeat(33)}"\ntwo,"${many}"\n`);
    const { stdout, status } = await run('quotes', ...options, csv);

    expect(stdout).toContain(summary);
    expect(stdout.split('\n').at(-2)).toBe(
      '2 with tags left out: a quote has at most 10, of at most 32 characters',
    );
    expect(status).toBe(0);
  });
});

describe('an export', () => {
  /** Ids of quotes depend on the number of shards, so that one has several. */
  const SHARDED = { REDIS_SHARDS: '3' };
  const users = () => `id,name,password\ntintin,Tintin,${secret('milou')}\n`;
  let services: { quotes: ServiceProcess; search: ServiceProcess };
  let exported = '';

  const runSharded = (...args: string[]) => start(args, SHARDED).end;
  const exportAll = async () => (await fetch(`${services.quotes.url}/quotes/export`)).text();
  const rowsOf = (text: string): Quote[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    services = {
      quotes: await platform.service('quotes', SHARDED),
      search: await platform.service('search', SHARDED),
    };
  });
  afterAll(() => Promise.all(Object.values(services).map((service) => service.end('SIGTERM'))));

  /** Quotes that were imported and posted, signed or not, changed, deleted, or there twice. */
  beforeEach(async () => {
    expect((await runSharded('users', write('users.csv', users()))).status).toBe(0);
    const rows = Array.from({ length: 500 }, (_, i) => ({
      quote: `Sabord ${i}, "${i}"\n-- Archibald Haddock`,
      ...(i % 3 === 0 && { user_id: 'tintin', lang: 'fr', tags: ['#mer', 'a,b', 'ÉTÉ'] }),
      ...(i % 4 === 0 && { author: 'Archibald Haddock 🐋', source: 'Le Crabe' }),
    }));
    const lines = rows.map((row) => JSON.stringify(row)).join('\n');
    const added = await runSharded('quotes', '--no-attribution', write('rows.jsonl', lines));
    expect(added.status).toBe(0);
    const post = (json: object) =>
      call(services.quotes, 'POST /quotes', { key: ADMIN_KEY, json }).then(succeeded);
    await post({ quote: 'Sabord 1, "1"\n-- Archibald Haddock', tags: ['#mer', 'a,b'] });
    const [first, second] = [await post({ quote: 'twice' }), await post({ quote: 'twice' })];
    await post({ quote: 'gone' }).then(({ body }) =>
      call(services.quotes, `DELETE /quotes/${body.id}`, { key: ADMIN_KEY }),
    );
    const changed = { ...second.body, quote: 'changed', updated_at: '2027-01-01T00:00:00.000Z' };
    const { quote } = shardKeys(Number(changed.id) % 3);
    await platform.redis.set(quote + changed.id, encodeQuote(changed));
    expect(first.body.quote).toBe('twice');
    exported = await exportAll();
    write('export.jsonl', exported);
  });

  it('that is imported into an empty platform gives the same export, byte by byte', async () => {
    await platform.flush();
    await runSharded('users', write('users.csv', users()));
    const { stdout, stderr, status } = await runSharded('quotes', '--keep-ids', 'export.jsonl');

    expect(stderr.filter(isNotProgress)).toEqual([
      'export.jsonl: JSON Lines, UTF-8; id, quote, author, source, lang, tags, user_id, ' +
        'created_at, updated_at',
    ]);
    expect(stdout).toMatch(/^503 added, 0 already there, 0 refused in/);
    expect(status).toBe(0);
    expect(await exportAll()).toBe(exported);

    const again = await runSharded('quotes', '--keep-ids', 'export.jsonl');
    expect(again.stdout).toMatch(/^0 added, 503 already there, 0 refused in/);
    expect(await exportAll()).toBe(exported);
  });

  it('is followed by new quotes, and found by search', async () => {
    const rows = rowsOf(exported);
    const key = ADMIN_KEY;
    await platform.flush();
    await runSharded('users', write('users.csv', users()));
    expect((await runSharded('quotes', '--keep-ids', 'export.jsonl')).status).toBe(0);

    const { body } = await call(services.quotes, 'POST /quotes', { key, json: { quote: 'new' } });
    expect(Number(body.id)).toBeGreaterThan(Number(rows.at(-1)?.id));
    const finds = (keyword: string, total: number) =>
      eventually(async () => {
        const answer = await call(services.search, `GET /search?keyword=${keyword}&limit=1`);
        expect(answer.body.total).toBe(total);
        return answer.body.items[0];
      });
    await finds('sabord', 501);
    await finds('twice', 1);
    const changed = rows.find(({ quote }) => quote === 'changed');
    expect(await finds('changed', 1)).toMatchObject({ id: changed?.id });

    // A quote that was deleted comes back under its id, between those that stayed.
    const middle = rows[250];
    await call(services.quotes, `DELETE /quotes/${middle?.id}`, { key });
    await finds('sabord', 500);
    expect((await runSharded('quotes', '--keep-ids', 'export.jsonl')).stdout).toContain('1 added');
    await finds('sabord', 501);
    expect((await exportAll()).startsWith(exported)).toBe(true);
  });

  it('is imported without its ids as any other file', async () => {
    await platform.flush();
    await runSharded('users', write('users.csv', users()));
    const { stdout, stderr, status } = await runSharded('quotes', 'export.jsonl');

    expect(stderr.filter(isNotProgress)).toEqual([
      'export.jsonl: JSON Lines, UTF-8; quote, author, source, lang, tags, user_id; ' +
        'not imported: id, created_at, updated_at',
    ]);
    // Of two quotes with the same text, one is known.
    expect(stdout).toMatch(/^502 added, 1 already there, 0 refused in/);
    expect(status).toBe(0);
  });

  it('may be a table', async () => {
    const [row] = rowsOf(exported);
    const csv = write(
      'export.csv',
      `id,created_at,updated_at,quote,tags\n7,2020-02-02T02:02:02Z,,Text -- Ada,"a, b"\n` +
        `${row?.id},${row?.created_at},,second,\n`,
    );
    await platform.flush();
    const { status } = await run('quotes', '--keep-ids', csv);

    expect(status).toBe(0);
    const [first, second] = await quotesStored();
    expect(first).toEqual({
      id: '7',
      quote: 'Text -- Ada',
      author: null,
      source: null,
      lang: null,
      tags: ['a', 'b'],
      user_id: null,
      created_at: '2020-02-02T02:02:02.000Z',
      updated_at: '2020-02-02T02:02:02.000Z',
    });
    expect(second).toMatchObject({ id: row?.id, created_at: row?.created_at });
  });

  it('is refused row by row where it does not fit, with the reason', async () => {
    const [row] = rowsOf(exported);
    const future = (Date.now() + 3_600_000) * 1000;
    const misfits = [
      { ...row, quote: 'another' },
      { ...row, id: '1', user_id: 'haddock' },
      { ...row, id: future, user_id: null },
      { ...row, id: '0' },
      { ...row, id: undefined },
      { ...row, created_at: 'yesterday' },
      row,
    ];
    const lines = misfits.map((misfit) => JSON.stringify(misfit)).join('\n');
    const { stdout, stderr, status } = await runSharded(
      'quotes',
      '--keep-ids',
      write('misfits.jsonl', lines),
    );

    expect(stderr.filter(isNotProgress).slice(1).toSorted()).toEqual([
      `misfits.jsonl:1: id ${row?.id} is there already, with other content`,
      'misfits.jsonl:2: user_id "haddock" is not a known user',
      `misfits.jsonl:3: id ${future} is of a time to come, and new quotes would have to follow it`,
      'misfits.jsonl:4: id must be 1 to 16 decimal digits',
      'misfits.jsonl:5: id is missing',
      'misfits.jsonl:6: created_at must be a time in UTC, such as 2026-11-21T16:00:00.000Z',
    ]);
    expect(stdout).toMatch(/^0 added, 1 already there, 6 refused in/);
    expect(status).toBe(1);
    expect(await exportAll()).toBe(exported);
  });
});

describe('a first look', () => {
  it('shows the first rows as they would be, and writes nothing, without Redis', async () => {
    const rows = Array.from({ length: 7 }, (_, i) => ({ q: i < 6 ? `Quote ${i}.` : '', a: 'Ada' }));
    const list = write('list.json', JSON.stringify(rows));
    const { stdout, stderr, status } = await start(['quotes', '--dry-run', list], {
      REDIS_PORT: '1',
    }).end;

    expect(stderr).toEqual([
      'list.json: a JSON list, UTF-8; quote from "q", author from "a"',
      'list.json:1: quote (column "q") must hold readable characters and no control characters',
    ]);
    expect(stdout.split('\n')).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `{"quote":"Quote ${i}.","author":"Ada"}`),
      '6 would be imported, 1 refused; nothing was written',
      '',
    ]);
    expect(status).toBe(1);
    expect(await count()).toBe(0);
  });

  it('shows no passwords', async () => {
    const milou = secret('milou');
    const users = write('users.csv', `id,name,password\ntintin,Tintin,${milou}\n`);
    const { stdout, status } = await run('users', '--dry-run', users);

    expect(stdout).toContain('{"id":"tintin","name":"Tintin","password":"…"}');
    expect(stdout).not.toContain(milou);
    expect(status).toBe(0);
  });
});

describe('standard input', () => {
  it('is read like a file, packed or not', async () => {
    const csv = 'quote;author\none;Ada\ntwo;Bo\n';
    const { stdout, stderr, status } = await start(['quotes', '-'], {}, gzipSync(csv)).end;

    expect(stderr).toEqual(['standard input: CSV with semicolons, UTF-8, gzip; quote, author']);
    expect(stdout).toContain('2 added');
    expect(status).toBe(0);
    expect((await start(['quotes', '-'], {}, csv).end).stdout).toContain('2 already there');
  });

  it('is read to its end however long it is', async () => {
    const many = readFileSync(join(folder, 'many.csv'));

    expect((await start(['quotes', '-'], {}, many).end).status).toBe(0);
    expect(await count()).toBe(ROWS);
  });
});

describe('folders', () => {
  it('stand for their files, and are left out among files', async () => {
    mkdirSync(join(folder, 'all/inner'), { recursive: true });
    write('all/a.json', '["one"]');
    write('all/b.txt.gz', gzipSync('two\n'));
    write('all/inner/c.tsv', Buffer.from('\ufeffq\tby\nthree\tCy\n', 'utf16le'));
    const among = await run('quotes', 'all/a.json', 'all/b.txt.gz', 'all/inner');

    expect(among.stderr[0]).toBe(
      'all/inner: is a folder (skipped); to import its files, name it alone',
    );
    expect(among.status).toBe(1);
    expect(await stored()).toEqual(['one', 'two']);
    expect((await run('quotes', 'all')).status).toBe(0);
    expect(await stored()).toEqual(['one', 'two', 'three']);
  });
});

describe('rejected rows', () => {
  it('go to a file that can be mended and imported', async () => {
    const csv = write('partly.csv', 'text,author\n"one",Ada\na\u0007b,Bo\n"a"b",Cy\n');
    const { status } = await run('quotes', csv, '--rejects', 'rejects.jsonl');
    const lines = readFileSync(join(folder, 'rejects.jsonl'), 'utf8').trimEnd().split('\n');

    expect(status).toBe(1);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        quote: 'a\u0007b',
        author: 'Bo',
        file: 'partly.csv',
        line: 3,
        reason: expect.stringContaining('character 2 is U+0007'),
      },
      { row: '"a"b",Cy', file: 'partly.csv', line: 4, reason: 'has a quote out of place' },
    ]);
    const mended = write('mended.jsonl', lines[0]?.replace('\\u0007', '') ?? '');
    expect((await run('quotes', mended)).status).toBe(0);
    expect(await stored()).toEqual(['one', 'ab']);
  });

  it('of users are only named', async () => {
    const users = write('users.csv', `id,name,password\na b,Tintin,${secret('milou')}\n`);
    await run('users', users, '--rejects', 'users.rejects.jsonl');
    const path = join(folder, 'users.rejects.jsonl');

    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      file: 'users.csv',
      line: 2,
      reason: 'id must have 1 to 64 characters of A-Z a-z 0-9 _ . -',
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
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

    expect(stderr).toEqual([TAKEN.users, 'users.csv:2: password must have at least 8 characters']);
    expect(status).toBe(1);
  });

  it('that are bad are named, their passwords not', async () => {
    const { stderr, stdout, status } = await run(
      'users',
      write('users.csv', `id,name,password\na b,,${milou}\n`),
    );

    expect(stderr).toEqual([
      TAKEN.users,
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
    ['a column', ['quotes', 'column.csv'], `not imported: ${shown}`],
    ['a field', ['quotes', 'field.jsonl'], 'not imported: '],
    ['a first row', ['quotes', 'row.tsv'], 'is a table of 2 columns'],
    ['an option', ['quotes', `--${evil}`], shown],
  ])('never print raw control characters of %s', async (_name, args, message) => {
    write('column.csv', `quote,"${evil}"\none,two\n`);
    write('field.jsonl', `${JSON.stringify({ quote: 'one', [evil]: 1 })}\n`);
    write('row.tsv', `${evil}\tone\ntwo\tthree\n`);
    const { stderr } = await run(...args);

    expect(stderr.join('\n')).toContain(message);
    expect(stderr.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('what cannot be done', () => {
  beforeAll(() => {
    write('good.csv', 'quote\none\n');
    write('unknown.csv', 'foo;bar;baz\none;two;three\n');
    write('twice.csv', 'quote,quote\none,two\n');
  });

  it.each([
    ['a missing file', ['quotes', 'good.csv', 'none.csv'], 'none.csv: there is no such file'],
    [
      'a table that is not known',
      ['quotes', 'good.csv', 'unknown.csv'],
      'unknown.csv: is a table of 3 columns, the first row "foo", "bar", "baz", and none is ' +
        'known to hold the quote. Say which, by its name as in --map quote=text, or by its ' +
        'number as in --map quote=1 if no row has names; or --format lines if each line is a quote',
    ],
    [
      'a column that is not there',
      ['quotes', 'good.csv', '--map', 'author=who'],
      'good.csv: was taken for CSV of one column, and has no column "who"; it has "quote"',
    ],
    [
      'a column named twice',
      ['quotes', 'good.csv', 'twice.csv'],
      'twice.csv: has two columns "quote": rename one',
    ],
    [
      'users in a file without columns',
      ['users', 'wise'],
      'wise: was taken for one quote a line, but columns are needed: id, name, password',
    ],
    [
      'a field that quotes do not have',
      ['quotes', 'good.csv', '--map', 'colour=red'],
      '--map must be FIELD=COLUMN with one of quote, author, source, lang, tags, user_id',
    ],
    [
      'an unknown format',
      ['quotes', 'good.csv', '--format', 'xml'],
      '--format must be one of json, jsonl, csv, blocks, lines',
    ],
    [
      'rejects into a file that is imported',
      ['quotes', 'good.csv', '--rejects', './good.csv'],
      './good.csv: is imported, so that rejected rows cannot go there',
    ],
    ['ids of users that are kept', ['users', 'good.csv', '--keep-ids'], '--keep-ids is for quotes'],
    [
      'ids that are kept while authors are taken from texts',
      ['quotes', 'good.csv', '--keep-ids', '--attribution'],
      '--keep-ids takes quotes as they are, without --attribution',
    ],
    [
      'kept ids of one quote a line',
      ['quotes', 'wise', '--keep-ids'],
      'wise: was taken for one quote a line, but columns are needed: id, quote, created_at',
    ],
    ['nothing to import', ['quotes'], 'Name at least one file'],
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

    expect(stdout).toContain('npm run import -- quotes [OPTION...] FILE...');
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
      expect(stderr.filter(isNotProgress)).toEqual([
        TAKEN.many,
        'Interrupted. Run it again to go on.',
      ]);
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

    expect(stderr.filter(isNotProgress)).toEqual([TAKEN.many]);
    expect(status).toBe(0);
    expect(await count()).toBe(ROWS);
    expect(new Set(await stored()).size).toBe(ROWS);
  });

  it('that does not let it in ends the import with one line that says why', async () => {
    const { stdout, stderr, status } = await start(['quotes', 'many.csv'], {
      REDIS_PASSWORD: secret('wrong'),
    }).end;

    expect(stderr.filter(isNotProgress)).toEqual([
      TAKEN.many,
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
      TAKEN.many,
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
