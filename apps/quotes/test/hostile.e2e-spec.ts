import { createHash } from 'node:crypto';
import { Agent, request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import type { ProblemName } from '#libs/problem/problem.catalogue.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call, expectProblem, sendRaw, succeeded } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
const services: Record<string, ServiceProcess> = {};
const apps = ['users', 'quotes', 'search'] as const;
type App = (typeof apps)[number];

beforeAll(async () => {
  await platform.start();
  await Promise.all(apps.map(async (app) => (services[app] = await platform.service(app))));
  const key = ADMIN_KEY;
  succeeded(
    await call(service('users'), 'POST /users', {
      key,
      json: { id: 'tintin', name: 'Tintin', password: secret('tintin') },
    }),
  );
  succeeded(
    await call(service('quotes'), 'POST /quotes', {
      key,
      json: { quote: 'Mille sabords', user_id: 'tintin' },
    }),
  );
});
afterAll(() => platform.stop());

function service(app: App): ServiceProcess {
  const found = services[app];
  if (!found) throw new Error(`${app} does not run`);
  return found;
}

/** Every key with a digest of its content. */
async function stored(): Promise<string[]> {
  const keys = (await platform.keys('*')).sort();
  const dumps = await Promise.all(keys.map((key) => platform.redis.dumpBuffer(key)));
  return keys.map(
    (key, i) =>
      `${key} ${createHash('sha1')
        .update(dumps[i] ?? '')
        .digest('hex')}`,
  );
}

/**
 * The bytes of a request with the admin key; a body is labelled as JSON unless a header differs.
 */
function request(
  target: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Buffer {
  const content = Buffer.from(body ?? '');
  const fields = {
    Host: 'localhost',
    Connection: 'close',
    Authorization: ADMIN_KEY,
    ...(body !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(content.length),
    }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    content,
  ]);
}

const postUser = (user: unknown) => request('POST /users', JSON.stringify(user));
const postQuote = (quote: unknown) => request('POST /quotes', JSON.stringify(quote));
const user = { id: 'x', name: 'X', password: secret('x') };
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const utf8 = (bytes: number[]) =>
  Buffer.concat([Buffer.from('{"quote":"'), Buffer.from(bytes), Buffer.from('"}')]);

type Row = [name: string, app: App, bytes: Buffer | string, status: number, problem: ProblemName];
const invalid = (name: string, app: App, bytes: Buffer): Row => [
  name,
  app,
  bytes,
  400,
  'invalid-request',
];
const malformed = (name: string, app: App, bytes: Buffer): Row => [
  name,
  app,
  bytes,
  400,
  'malformed-body',
];

/** Texts without a visible character. */
const INVISIBLE = ['\u200b', '\u202e\u2066', '\ufe0f', '\u0301', '\u3164', '\u2800', '\u{e0041}'];

const shapes: Row[] = [
  ...[null, [], 'text', 42, true, {}].flatMap((body) => [
    invalid(`a user that is ${JSON.stringify(body)}`, 'users', postUser(body)),
    invalid(`a quote that is ${JSON.stringify(body)}`, 'quotes', postQuote(body)),
    invalid(
      `a change of a user that is ${JSON.stringify(body)}`,
      'users',
      request('PATCH /users/tintin', JSON.stringify(body)),
    ),
    invalid(
      `a change of a quote that is ${JSON.stringify(body)}`,
      'quotes',
      request('PATCH /quotes/1', JSON.stringify(body)),
    ),
  ]),
  ...(['id', 'name', 'password'] as const).flatMap((field) => [
    invalid(`a user without ${field}`, 'users', postUser({ ...user, [field]: undefined })),
    ...[null, 1, true, ['x'], { $gt: '' }, '', '\ud800', '\udc00x'].map((value) =>
      invalid(
        `a user whose ${field} is ${JSON.stringify(value)}`,
        'users',
        postUser({ ...user, [field]: value }),
      ),
    ),
  ]),
  ...['a b', 'é', 'a/b', 'a:b', '{q0}', '*', 'a\n', 'a\0', 'x'.repeat(65), '../..', "'; DROP"].map(
    (id) => invalid(`a user whose id is ${JSON.stringify(id)}`, 'users', postUser({ ...user, id })),
  ),
  ...[
    ...INVISIBLE,
    '   ',
    '\u200a\u3000',
    'x'.repeat(101),
    'a\u0000b',
    'a\u001b[31mb',
    '\u0085',
  ].map((name) =>
    invalid(`a user whose name is ${JSON.stringify(name)}`, 'users', postUser({ ...user, name })),
  ),
  invalid('a password that is too long', 'users', postUser({ ...user, password: 'x'.repeat(129) })),
  invalid('a user with an unknown field', 'users', postUser({ ...user, admin: true })),
  invalid(
    'a user with many unknown fields',
    'users',
    postUser(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i, 1]))),
  ),
  invalid(
    'an unknown field whose name is half a surrogate pair',
    'users',
    postUser({ ...user, '\ud800': 1 }),
  ),
  ...[
    null,
    1,
    false,
    ['x'],
    {},
    '',
    ' \t\r\n',
    'x'.repeat(2001),
    'a\u0000',
    'a\u0008b',
    '\u009b',
    '\ud83d',
    'a\udc00',
    ...INVISIBLE,
  ].map((quote) =>
    invalid(
      `a quote whose text is ${JSON.stringify(quote)}`.slice(0, 60),
      'quotes',
      postQuote({ quote }),
    ),
  ),
  ...[1, ['tintin'], {}, '', 'a b', '..:', 'x'.repeat(65)].map((user_id) =>
    invalid(`a quote by ${JSON.stringify(user_id)}`, 'quotes', postQuote({ quote: 'x', user_id })),
  ),
  invalid('a quote that brings its id', 'quotes', postQuote({ quote: 'x', id: '1' })),
  invalid(
    'a quote that brings its date',
    'quotes',
    postQuote({ quote: 'x', created_at: '2000-01-01T00:00:00Z' }),
  ),
  invalid(
    'a very long text that ends in a control character',
    'quotes',
    postQuote({ quote: `${'a'.repeat(65_000)}\u0001` }),
  ),
  invalid(
    'a very long name of blanks around a control character',
    'users',
    postUser({ ...user, name: `a${' '.repeat(65_000)}\u0001` }),
  ),
  invalid(
    'a quote that is very deep',
    'quotes',
    request('POST /quotes', `{"quote":${deep(30_000)}}`),
  ),
];

const bodies: Row[] = [
  malformed(
    '__proto__',
    'users',
    request('POST /users', '{"__proto__":{"id":"x"},"name":"X","password":"xxxx"}'),
  ),
  malformed(
    'an escaped __proto__',
    'users',
    request('POST /users', '{"\\u005f_proto__":{"admin":true}}'),
  ),
  malformed(
    '__proto__ in a change',
    'quotes',
    request('PATCH /quotes/1', '{"quote":"x","__proto__":{"user_id":"tintin"}}'),
  ),
  malformed(
    'constructor.prototype',
    'quotes',
    request('POST /quotes', '{"quote":"x","constructor":{"prototype":{"a":1}}}'),
  ),
  ...[
    '',
    '{',
    '{"quote":"x"',
    '{"quote":"x"}}',
    "{'quote':'x'}",
    'quote=x',
    'undefined',
    'NaN',
    '{"quote":"a\nb"}',
  ].map((body) =>
    malformed(`the body ${JSON.stringify(body)}`, 'quotes', request('POST /quotes', body)),
  ),
  malformed(
    'a form',
    'quotes',
    request('POST /quotes', 'quote=x', { 'Content-Type': 'application/x-www-form-urlencoded' }),
  ),
  malformed('a lone continuation byte', 'quotes', request('POST /quotes', utf8([0x80]))),
  malformed('an overlong encoding', 'quotes', request('POST /quotes', utf8([0xc0, 0xaf]))),
  malformed('an encoded surrogate', 'quotes', request('POST /quotes', utf8([0xed, 0xa0, 0x80]))),
  malformed('Latin-1', 'quotes', request('POST /quotes', utf8([0xe9]))),
  malformed('UTF-16', 'quotes', request('POST /quotes', Buffer.from('{"quote":"x"}', 'utf16le'))),
  malformed(
    'half a character at the end',
    'quotes',
    request('POST /quotes', Buffer.from([0x22, 0xc3])),
  ),
  [
    'a megabyte',
    'quotes',
    request('POST /quotes', postQuote({ quote: 'x'.repeat(1_000_000) })),
    413,
    'body-too-large',
  ],
  [
    'a megabyte for users',
    'users',
    request('POST /users', 'x'.repeat(1_000_000)),
    413,
    'body-too-large',
  ],
  [
    'a declared length beyond the limit',
    'quotes',
    request('POST /quotes', '', { 'Content-Length': '99999999999' }),
    413,
    'body-too-large',
  ],
  [
    'a byte beyond the limit',
    'quotes',
    request('POST /quotes', ' '.repeat(64 * 1024 + 1)),
    413,
    'body-too-large',
  ],
  ...[
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'nonsense',
    '',
  ].map(
    (type): Row => [
      `the content type "${type}"`,
      'quotes',
      request('POST /quotes', '{"quote":"x"}', { 'Content-Type': type }),
      415,
      'unsupported-media-type',
    ],
  ),
];

const queries: Row[] = [
  ...[
    '0',
    '-1',
    '101',
    '1.5',
    '1e1',
    '0x10',
    '',
    ' 5',
    '+5',
    '٣',
    '99999999999999999999',
    'NaN',
    'null',
    '%00',
  ].flatMap((limit) => [
    invalid(`limit=${limit} of users`, 'users', request(`GET /users?limit=${encodeURI(limit)}`)),
    invalid(`limit=${limit} of quotes`, 'quotes', request(`GET /quotes?limit=${encodeURI(limit)}`)),
    invalid(
      `limit=${limit} of search`,
      'search',
      request(`GET /search?keyword=x&limit=${encodeURI(limit)}`),
    ),
  ]),
  ...[
    'limit=1&limit=2',
    'limit[]=1',
    'limit[$gt]=1',
    'nonsense=1',
    'user_id=',
    'user_id=a&user_id=b',
    'user_id=%7B%7D',
    'user_id[]=a',
    'ids=',
    'ids=,',
    'ids=1,',
    'ids=1;2',
    'ids=1%2C%20%2C2',
    'ids=01',
    'ids=-1',
    'ids=1%00',
    'ids=12345678901234567',
    'ids=1&ids=2',
    'ids[]=1',
    'ids=1&nonsense=1',
    'ids=1&limit=0',
    'ids=1&cursor=1',
    `ids=${'1,'.repeat(1000)}1`,
  ].map((query) => invalid(`?${query}`, 'quotes', request(`GET /quotes?${query}`))),
  ...[
    '',
    'x',
    '-1',
    '0',
    '1.5',
    '+inf',
    '(1',
    '%2Binf',
    '12345678901234567',
    '1%00',
    '1&cursor=2',
    '%ff',
  ].map((cursor) =>
    invalid(`a forged cursor ${cursor}`, 'quotes', request(`GET /quotes?cursor=${cursor}`)),
  ),
  ...['', '%5Ba', 'a%00', 'x'.repeat(65), '%28tintin', '-%20', 'a&cursor=b'].map((cursor) =>
    invalid(`a forged cursor ${cursor} of users`, 'users', request(`GET /users?cursor=${cursor}`)),
  ),
  ...[
    'offset=-1',
    'offset=10001',
    'offset=1&offset=2',
    'offset=1e3',
    'user_id=%2E%2E%2F',
    'nonsense=1',
    'keyword=b',
    `a=${'x'.repeat(2000)}`,
  ].map((query) =>
    invalid(
      `a search with ${query.slice(0, 30)}`,
      'search',
      request(`GET /search?keyword=a&${query}`),
    ),
  ),
  invalid('a keyword that is an array', 'search', request('GET /search?keyword[]=a')),
  invalid(
    'a keyword that is too long',
    'search',
    request(`GET /search?keyword=${'x'.repeat(1001)}`),
  ),
];

const paths: Row[] = [
  ...[
    '..',
    '...',
    '%2e%2e',
    '%2E%2E%2Fusers',
    '%00',
    '1%00',
    '{}',
    '%7B%7D',
    '-1',
    '0',
    '01',
    '1.0',
    '1e5',
    '*',
    '+inf',
    'x',
    '%F0%9F%90%8B',
    '12345678901234567',
  ].flatMap((id) => [
    invalid(`GET /quotes/${id}`, 'quotes', request(`GET /quotes/${id}`)),
    invalid(`DELETE /quotes/${id}`, 'quotes', request(`DELETE /quotes/${id}`)),
  ]),
  ...['%00', '{}', 'a%20b', '%2E%2E%2Fids', 'a:b', '*', 'x'.repeat(65), '%F0%9F%90%8B'].flatMap(
    (id) => [
      invalid(`GET /users/${id}`, 'users', request(`GET /users/${id}`)),
      invalid(`DELETE /users/${id}`, 'users', request(`DELETE /users/${id}`)),
    ],
  ),
  ['an id that cannot be decoded', 'quotes', request('GET /quotes/%E0%A4%A'), 400, 'malformed-url'],
  ['an id that is not UTF-8', 'users', request('GET /users/%ff'), 400, 'malformed-url'],
  ['a lone %', 'quotes', request('GET /quotes/%'), 400, 'malformed-url'],
  ['a very long id', 'quotes', request(`GET /quotes/${'1'.repeat(5000)}`), 414, 'url-too-long'],
  ['a path below an id', 'quotes', request('GET /quotes/1/2'), 404, 'not-found'],
  ['a path out of the root', 'quotes', request('GET /../../etc/passwd'), 404, 'not-found'],
  ['a path out of the documentation', 'quotes', request('GET /docs/../main.js'), 404, 'not-found'],
  [
    'an encoded path out of the documentation',
    'quotes',
    request('GET /docs/%2e%2e/main.js'),
    404,
    'not-found',
  ],
  [
    'an absolute path in the documentation',
    'quotes',
    request('GET /docs//etc/passwd'),
    404,
    'not-found',
  ],
  ['no path', 'search', request('GET /'), 404, 'not-found'],
  ['two slashes', 'quotes', request('GET //quotes'), 404, 'not-found'],
  ['another case', 'quotes', request('GET /QUOTES'), 404, 'not-found'],
  ['a way of another service', 'search', request('GET /users'), 404, 'not-found'],
];

const http: Row[] = [
  ...(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'] as const).map(
    (method): Row => [
      `${method} /quotes`,
      'quotes',
      request(`${method} /quotes`),
      405,
      'method-not-allowed',
    ],
  ),
  ['POST /search', 'search', request('POST /search', '{}'), 405, 'method-not-allowed'],
  [
    'PATCH /quotes/random',
    'quotes',
    request('PATCH /quotes/random', '{"quote":"x"}'),
    405,
    'method-not-allowed',
  ],
  ['PUT /users/tintin', 'users', request('PUT /users/tintin', '{}'), 405, 'method-not-allowed'],
  ['POST /healthz', 'users', request('POST /healthz', '{}'), 405, 'method-not-allowed'],
  ['a line that is not HTTP', 'quotes', Buffer.from('hello\r\n\r\n'), 400, 'malformed-http'],
  ['an unknown method', 'quotes', request('STEAL /quotes'), 400, 'malformed-http'],
  [
    'HTTP/2 without asking',
    'quotes',
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    400,
    'malformed-http',
  ],
  ['TLS', 'quotes', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), 400, 'malformed-http'],
  [
    'a header without a colon',
    'quotes',
    Buffer.from('GET /quotes HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'),
    400,
    'malformed-http',
  ],
  [
    'a header that is folded',
    'quotes',
    Buffer.from('GET /quotes HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'),
    400,
    'malformed-http',
  ],
  [
    'a bare line feed in a header',
    'quotes',
    request('GET /quotes', undefined, { 'X-A': 'a\nX-B: b' }),
    400,
    'malformed-http',
  ],
  [
    'a NUL in a header',
    'quotes',
    request('GET /quotes', undefined, { 'X-A': 'a\0b' }),
    400,
    'malformed-http',
  ],
  [
    'a blank before the colon',
    'quotes',
    request('POST /quotes', '{}', { 'Content-Length ': '2' }),
    400,
    'malformed-http',
  ],
  [
    'a length that is no number',
    'quotes',
    request('POST /quotes', '{}', { 'Content-Length': '2x' }),
    400,
    'malformed-http',
  ],
  [
    'a negative length',
    'quotes',
    request('POST /quotes', '{}', { 'Content-Length': '-2' }),
    400,
    'malformed-http',
  ],
  [
    'two lengths',
    'quotes',
    request('POST /quotes', '{}', { 'content-length': '3' }),
    400,
    'malformed-http',
  ],
  [
    'a length and chunks',
    'quotes',
    request('POST /quotes', '0\r\n\r\n', { 'Transfer-Encoding': 'chunked' }),
    400,
    'malformed-http',
  ],
  ['a path with bytes above ASCII', 'quotes', request('GET /quotes/é'), 400, 'malformed-http'],
  [
    'no host',
    'quotes',
    Buffer.from('POST /quotes HTTP/1.1\r\nConnection: close\r\n\r\n'),
    400,
    'malformed-http',
  ],
  ['two hosts', 'quotes', request('GET /quotes', undefined, { host: 'y' }), 400, 'malformed-http'],
  [
    'a host that is none',
    'quotes',
    request('GET /quotes', undefined, { Host: 'a/b' }),
    400,
    'malformed-http',
  ],
  [
    'an expectation',
    'quotes',
    request('POST /quotes', '{"quote":"x"}', { Expect: 'a miracle' }),
    417,
    'expectation-failed',
  ],
  ['CONNECT', 'quotes', request('CONNECT localhost:80'), 405, 'method-not-allowed'],
  [
    'bare line feeds',
    'quotes',
    Buffer.from('GET /quotes HTTP/1.1\nHost: x\n\n'),
    400,
    'malformed-http',
  ],
  [
    'a bare carriage return',
    'quotes',
    Buffer.from('GET /quotes HTTP/1.1\rHost: x\r\n\r\n'),
    400,
    'malformed-http',
  ],
  [
    'a body in crumbs',
    'quotes',
    request('POST /quotes', undefined, {
      'Content-Type': 'application/json',
      'Transfer-Encoding': 'chunked',
    }).toString() + '1\r\n \r\n'.repeat(60_000),
    413,
    'body-too-large',
  ],
  ...['gzip', 'br', 'zstd', 'gzip, identity'].map(
    (encoding): Row => [
      `a body encoded with ${encoding}`,
      'quotes',
      request('POST /quotes', '{"quote":"x"}', { 'Content-Encoding': encoding }),
      415,
      'unsupported-media-type',
    ],
  ),
  [
    'headers of 100 KB',
    'quotes',
    request('GET /quotes', undefined, { 'X-A': 'a'.repeat(100_000) }),
    431,
    'headers-too-large',
  ],
  [
    'an address of 100 KB',
    'quotes',
    request(`GET /quotes?a=${'a'.repeat(100_000)}`),
    431,
    'headers-too-large',
  ],
];

describe.each([
  ['shape', shapes],
  ['body', bodies],
  ['query', queries],
  ['path', paths],
  ['HTTP', http],
])('a request hostile by its %s', (_kind, rows) => {
  it.each(rows)('is refused: %s', async (_name, app, bytes, status, problem) => {
    const before = await stored();
    const answer = await sendRaw(service(app), bytes);

    expectProblem(answer, status, problem);
    expect(await stored()).toEqual(before);
  });
});

it('every refusal has a request id, and a line in the log', async () => {
  const refusals: [string | null, number][] = [];
  for (const [, , bytes] of http.filter(([, app]) => app === 'quotes')) {
    const answer = await sendRaw(service('quotes'), bytes);
    expect(answer.body.instance).toBe(answer.headers.get('x-request-id'));
    refusals.push([answer.headers.get('x-request-id'), answer.status]);
  }
  await eventually(() => {
    const lines = service('quotes')
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return refusals.every(([id, status]) =>
      lines.some(
        (line) => line.request_id === id && line.status === status && line.client === '127.0.0.1',
      ),
    );
  });
});

it('answers the good requests before one that is malformed, in their order', async () => {
  const socket = connect(service('quotes').port, '127.0.0.1');
  socket.write(
    'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' +
      'GET /quotes HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n',
  );
  const answers = (await text(socket)).match(/HTTP\/1\.1 \d{3}/g);
  expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
});

it.each([
  ['GET /quotes/1', 400],
  ['GET /nowhere', 404],
  ['POST /quotes', 415],
  ['DELETE /quotes/1', 415],
])('survives a body that is none, which nobody reads yet: %s', async (target, status) => {
  const bytes = `${target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n`;
  expect((await sendRaw(service('quotes'), Buffer.from(bytes))).status).toBe(status);
  const socket = connect(service('quotes').port, '127.0.0.1');
  socket.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n${bytes}`);
  const answers = (await text(socket)).match(/HTTP\/1\.1 \d{3}/g);
  // Behind another request, the parser may refuse it before anything else looks at it.
  expect([400, status]).toContain(Number(answers?.[1]?.slice(-3)));
  expect(answers).toHaveLength(2);
  expect((await call(service('quotes'), 'GET /healthz')).status).toBe(200);
});

it('forgets the bodies it has read, whatever came of them', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (path: string) =>
    new Promise<number | undefined>((done, fail) => {
      const sent = sendRequest(service('quotes').url + path, {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      sent.once('response', (answer) => answer.resume().once('end', () => done(answer.statusCode)));
      sent.once('error', fail).end(`"${'x'.repeat(60_000)}"`);
    });
  // Together these exceed what all bodies may take at a time.
  for (let i = 0; i < 160; i += 1)
    expect([await send('/quotes'), await send('/nowhere')]).toEqual([401, 404]);
  agent.destroy();
});

it('a deletion may declare a content type without a body', async () => {
  for (const type of [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'nonsense',
  ]) {
    const { body } = succeeded(
      await call(service('quotes'), 'POST /quotes', {
        key: ADMIN_KEY,
        json: { quote: 'éphémère' },
      }),
    );
    const headers = { 'Content-Type': type };
    expect(
      (await sendRaw(service('quotes'), request(`DELETE /quotes/${body.id}`, undefined, headers)))
        .status,
    ).toBe(204);
  }
});

it.each([
  ['headers', 'POST /quotes HTTP/1.1\r\nHost: x\r\nX-A: '],
  [
    'a body',
    `POST /quotes HTTP/1.1\r\nHost: x\r\nAuthorization: ${ADMIN_KEY}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{',
  ],
])('%s that come too slowly end with 408', async (_name, beginning) => {
  const socket = connect(service('quotes').port, '127.0.0.1');
  socket.write(beginning);
  const drip = setInterval(() => socket.write(' '), 1000);
  const answer = await text(socket).finally(() => clearInterval(drip));
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toMatch(/\r\nx-request-id: [\w-]{36}\r\n/i);
});

it('listens on IPv6 where there is IPv6, and on IPv4', async () => {
  const addresses = Object.values(networkInterfaces()).flat();
  for (const host of [
    '127.0.0.1',
    ...(addresses.some((address) => address?.family === 'IPv6') ? ['[::1]'] : []),
  ]) {
    expect(
      (await call({ url: `http://${host}:${service('quotes').port}` }, 'GET /healthz')).status,
    ).toBe(200);
  }
});

it('keeps idle connections for longer than proxies do', async () => {
  const { headers } = await call(service('quotes'), 'GET /healthz');
  expect(Number(/timeout=(\d+)/.exec(headers.get('keep-alive') ?? '')?.[1])).toBeGreaterThan(600);
});

describe('a wrong password', () => {
  const challenges = async (headers: Record<string, string>) =>
    (await call(service('quotes'), 'POST /quotes', { json: {}, headers })).headers.get(
      'www-authenticate',
    );

  it.each([
    ['a script', { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }],
    ['a script that says so', { 'x-requested-with': 'XMLHttpRequest' }],
    [
      'a script on a page without HTTPS',
      { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: 'application/json' },
    ],
  ])('does not make the browser ask when it came from %s', async (_name, headers) => {
    expect(await challenges(headers)).toMatch(/^Bearer realm="[^"]*"$/);
  });

  it.each([
    ['a page', { 'sec-fetch-dest': 'document', accept: 'text/html' }],
    [
      'a page without HTTPS',
      { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', accept: 'text/html,*/*' },
    ],
    ['curl', { 'user-agent': 'curl/8.5.0', accept: '*/*' }],
  ])('is asked for again when it came from %s', async (_name, headers) => {
    expect(await challenges(headers)).toContain('Basic realm=');
  });
});

it('what only the admin may see is kept nowhere', async () => {
  for (const path of ['/users', '/users/tintin', '/users/nobody']) {
    const { headers } = await call(service('users'), `GET ${path}`, { key: ADMIN_KEY });
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

it('the documentation cannot be framed, loads nothing foreign, keeps no credentials', async () => {
  const page = await call(service('quotes'), 'GET /docs');
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; .*frame-ancestors 'none'$/,
  );
  expect((await call(service('quotes'), 'GET /docs/swagger-ui-init.js')).body).not.toContain(
    'persistAuthorization',
  );
});

it('leaves the services in good health, and no fault in their logs', async () => {
  for (const app of apps) {
    expect((await call(service(app), 'GET /readyz')).status).toBe(200);
    expect(service(app).output()).not.toMatch(/"level":"(error|fatal|warn)"/);
  }
});

describe('X-Request-Id', () => {
  it('is echoed, in the header and in a problem', async () => {
    const answer = await call(service('quotes'), 'GET /quotes/1', {
      headers: { 'x-request-id': 'abc-1.2:3_4' },
    });
    expect(answer.headers.get('x-request-id')).toBe('abc-1.2:3_4');
    expect(answer.body.instance).toBe('abc-1.2:3_4');
  });

  it('is made when there is none, a new one each time', async () => {
    const ids = [];
    for (const app of apps)
      ids.push((await call(service(app), 'GET /healthz')).headers.get('x-request-id'));
    for (const id of ids) expect(id).toMatch(/^[\w-]{36}$/);
    expect(new Set(ids).size).toBe(3);
  });

  it.each(['a b', 'x'.repeat(129), '{"level":"fatal"}', '<script>', 'é', ''])(
    'is replaced when it is %j',
    async (id) => {
      const answer = await sendRaw(
        service('quotes'),
        request('GET /quotes', undefined, { 'X-Request-Id': id }),
      );
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    },
  );
});

it.each([
  ['quotes', '/quotes', 'GET, HEAD, POST'],
  ['quotes', '/quotes/1', 'DELETE, GET, HEAD, PATCH'],
  ['quotes', '/quotes/1.svg', 'GET, HEAD'],
  ['quotes', '/quotes/random', 'GET, HEAD'],
  ['quotes', '/quotes/sample', 'GET, HEAD'],
  ['quotes', '/quotes/today', 'GET, HEAD'],
  ['users', '/users/x', 'DELETE, GET, HEAD, PATCH'],
  ['search', '/search', 'GET, HEAD'],
  ['search', '/authors', 'GET, HEAD'],
  ['search', '/selection', 'GET, HEAD'],
] as const)(
  'a method that %s does not support on %s is answered with those it does',
  async (app, path, methods) => {
    const answer = await call(service(app), `PUT ${path}`);
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.get('allow')).toBe(methods);
  },
);
