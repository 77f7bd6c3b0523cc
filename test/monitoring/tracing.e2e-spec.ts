import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { eventually } from '#libs/testing/eventually.ts';
import { call } from '#libs/testing/http-client.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import { secret } from '#libs/testing/secrets.ts';

interface ReceivedSpan {
  resource: Record<string, string>;
  trace: string;
  id: string;
  parent: string;
  name: string;
  kind: number;
  error: boolean;
  attributes: Record<string, string>;
}

const SERVER = 2;
const CLIENT = 3;
const venv = 'data/otlp';
const platform = new Platform();
const spans: ReceivedSpan[] = [];
let receiver: ChildProcess;
let endpoint = '';

beforeAll(async () => {
  execFileSync('python3', ['-m', 'venv', venv]);
  execFileSync(`${venv}/bin/pip`, ['install', '-q', '-r', 'test/monitoring/requirements.txt']);
  receiver = spawn(`${venv}/bin/python`, ['test/monitoring/otlp_receiver.py'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: receiver.stdout as NodeJS.ReadableStream });
  const port = await new Promise((done) => lines.once('line', done));
  lines.on('line', (line) => spans.push(JSON.parse(line)));
  endpoint = `http://127.0.0.1:${port}`;
  await platform.start();
}, 120_000);

afterAll(async () => {
  receiver?.kill();
  await platform.stop();
});

beforeEach(() => {
  spans.length = 0;
});

/**
 * Starts the quotes service with these variables, lets `use` use it, and ends it in good order,
 * which sends what is left.
 */
async function traced(
  env: NodeJS.ProcessEnv,
  use: (url: Awaited<ReturnType<Platform['service']>>) => Promise<void>,
) {
  const service = await platform.service('quotes', env);
  await use(service);
  await service.end('SIGTERM');
}

const trace = (i: number) => `${i}`.padStart(32, 'a');
const from = (i: number) => ({ traceparent: `00-${trace(i)}-${'b'.repeat(16)}-01` });
const ofTrace = (i: number) => spans.filter((span) => span.trace === trace(i));

it('continues the trace of each caller, with every Redis operation under its request', async () => {
  const callers = Array.from({ length: 40 }, (_, i) => i);
  await traced(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=proof',
    },
    async (service) => {
      await Promise.all(
        callers.map((i) =>
          i % 2
            ? call(service, 'GET /quotes?limit=1', { headers: from(i) })
            : call(service, 'POST /quotes', {
                key: ADMIN_KEY,
                json: { quote: `Sabord ${i}` },
                headers: from(i),
              }),
        ),
      );
    },
  );

  await eventually(() => callers.every((i) => ofTrace(i).length === 2));
  for (const i of callers) {
    const request = ofTrace(i).find((span) => span.kind === SERVER);
    expect(request).toMatchObject({
      name: i % 2 ? 'GET /quotes' : 'POST /quotes',
      parent: 'b'.repeat(16),
      error: false,
      resource: { 'service.name': 'quotes', 'deployment.environment.name': 'proof' },
      attributes: {
        'http.route': '/quotes',
        'url.path': '/quotes',
        'http.response.status_code': i % 2 ? '200' : '201',
      },
    });
    expect(ofTrace(i).find((span) => span.kind === CLIENT)).toMatchObject({
      name: i % 2 ? 'quote.list' : 'quote.add',
      parent: request?.id,
      attributes: { 'db.system.name': 'redis' },
    });
  }
});

it('marks what failed', async () => {
  await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, async (service) => {
    await platform.signalRedis('SIGKILL');
    expect((await call(service, 'GET /quotes/random', { headers: from(1) })).status).toBe(503);
    await platform.startRedis();
  });

  await eventually(() => ofTrace(1).length === 2);
  expect(ofTrace(1).map(({ name, error }) => ({ name, error }))).toEqual(
    expect.arrayContaining([
      { name: 'GET /quotes/random', error: true },
      { name: 'quote.random', error: true },
    ]),
  );
});

it('goes on in the services that the shop calls', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  const quotes = await platform.service('quotes', env);
  const search = await platform.service('search', env);
  const shop = await platform.service('shop', {
    ...env,
    DEMO_MODE: 'True',
    COOKIE_SECRET: secret('cookies-of-the-shops-of-tests'),
    STRIPE_WEBHOOK_SECRET: secret('webhook'),
    QUOTES_URL: quotes.url,
    SEARCH_URL: search.url,
  });
  await call(shop, `GET /?q=${secret('wish')}`, { headers: from(6) });
  await quotes.end('SIGKILL');
  await call(shop, 'GET /products/124', { headers: from(7) });
  await shop.end('SIGTERM');
  await search.end('SIGTERM');

  /** The spans of a trace from its root inwards, Redis left out. */
  const path = (i: number) => {
    const http = ofTrace(i).filter(({ attributes }) => attributes['http.request.method']);
    const inside = (parent: string): ReceivedSpan[] =>
      http.filter((span) => span.parent === parent).flatMap((span) => [span, ...inside(span.id)]);
    return inside('b'.repeat(16));
  };
  const named = ({ name, kind, resource }: ReceivedSpan) =>
    `${resource['service.name']} ${kind} ${name}`;
  await eventually(() => path(6).length === 3 && path(7).length === 2);
  expect(path(6).map(named)).toEqual([
    `shop ${SERVER} GET /`,
    `shop ${CLIENT} GET`,
    `search ${SERVER} GET /search`,
  ]);
  expect(path(6)[1]?.attributes).toMatchObject({
    'url.full': `${search.url}/search`,
    'server.port': String(search.port),
    'http.response.status_code': '200',
  });
  expect(
    path(7).map(({ name, error, attributes }) => [
      name,
      error,
      attributes['http.response.status_code'],
    ]),
  ).toEqual([
    ['GET /products/:id', true, '503'],
    ['GET', true, undefined],
  ]);
  expect(JSON.stringify(spans)).not.toContain(secret(''));
});

it('sends no secret and nothing that a user wrote', async () => {
  await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, async (service) => {
    await call(service, 'POST /quotes', {
      key: ADMIN_KEY,
      json: { quote: secret('text') },
      headers: from(2),
    });
    await call(service, `GET /quotes?cursor=${secret('query')}`, {
      key: secret('wrong'),
      headers: from(3),
    });
  });

  await eventually(() => ofTrace(2).length === 2 && ofTrace(3).length === 1);
  expect(JSON.stringify(spans)).not.toContain(secret(''));
});

it.each([
  ['no endpoint is set', {}],
  ['the SDK is disabled', { OTEL_SDK_DISABLED: 'true' }],
  ['the sampler takes nothing', { OTEL_TRACES_SAMPLER: 'always_off' }],
  [
    'the sampled share is nothing',
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
  ],
])('sends nothing when %s', async (why, env) => {
  const endpointIsSet = why !== 'no endpoint is set';
  await traced(
    { ...(endpointIsSet && { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }), ...env },
    async (service) => {
      await call(service, 'GET /quotes', { headers: from(4) });
    },
  );
  // What a service sends, it sends before it ends; a last one that does send shows that all of it
  // has arrived.
  await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, async (service) => {
    await call(service, 'GET /quotes', { headers: from(5) });
  });

  await eventually(() => ofTrace(5).length > 0);
  expect(ofTrace(4)).toEqual([]);
});
