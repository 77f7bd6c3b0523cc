import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { SERVICES } from '#libs/config/services.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { call, succeeded } from '#libs/testing/http-client.ts';
import { imageMemorySettings } from '#libs/testing/image-memory.ts';
import { ADMIN_KEY, Platform } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';
import { deliver, eventOf, orders, shopEnvironment } from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';
import { clusterMetrics } from './cluster-metrics.ts';
import { metricsOf, panelQueries, rules } from './configuration.ts';
import { inProduction, type Mail, Monitoring, type Sample } from './monitoring.ts';

/** What was seen is written here: the mails, and a sample of every panel. */
const seen = 'data/monitoring';
/** The limits of an HTTP service in deploy/base/http. */
const LIMITS = { cpu: 0.2, memory: 128 * 2 ** 20 };
const platform = new Platform(['--maxmemory', '256mb']);
const monitoring = new Monitoring();
const services: Record<string, ServiceProcess> = {};
// Several mails a test, each waited for patiently: the machine may be busy.
jest.setTimeout(300_000);
let load: NodeJS.Timeout;
let firstFailure = 0;
let hog: ChildProcess | undefined;

beforeAll(async () => {
  rmSync(seen, { recursive: true, force: true });
  mkdirSync(seen, { recursive: true });
  await platform.start();
  for (const { name: app } of SERVICES) {
    const service = await platform.service(app, {
      // As in the image, so that it stays inside its container's limit.
      ...imageMemorySettings(),
      ...(app === 'shop' &&
        shopEnvironment(services.quotes?.url ?? '', services.search?.url ?? '')),
    });
    services[app] = service;
    contain(app, service.process, app === 'search' ? { ...LIMITS, memory: 2 ** 29 } : LIMITS);
  }
  await monitoring.start(
    Object.fromEntries(Object.entries(services).map(([name, { url }]) => [name, url])),
    platform.redisAddress,
  );
  load = setInterval(visit, 50);
}, 180_000);

afterAll(async () => {
  clearInterval(load);
  hog?.kill('SIGKILL');
  for (const [i, mail] of monitoring.mails.entries()) {
    const headers = mail.headers.map(({ key, value }) => `${key}: ${value}`).join('\n');
    writeFileSync(`${seen}/mail-${i}.txt`, `${headers}\n\n${mail.text}`);
    writeFileSync(`${seen}/mail-${i}.html`, mail.html ?? '');
  }
  monitoring.stop();
  await platform.stop();
});

/** Has the monitoring tell of a process as of a container. */
function contain(name: string, { pid = 0 }: ChildProcess, limits: typeof LIMITS): void {
  monitoring.containers.push({ pod: `${name}-deployment-1`, name, pid, limits });
}

/** One client's visit to every service. */
function visit(): void {
  const { users, quotes, search, shop } = services;
  if (!users || !quotes || !search || !shop) return;
  const visits = [
    call(users, 'GET /users', { key: ADMIN_KEY }),
    call(quotes, 'GET /quotes?limit=1'),
    call(quotes, 'POST /quotes', { key: ADMIN_KEY, json: { quote: 'Tonnerre de Brest !' } }),
    call(search, 'GET /search?keyword=brest'),
    call(shop, 'GET /'),
  ];
  for (const one of visits) {
    one.then(
      ({ status }) => {
        if (status >= 500) firstFailure ||= Date.now();
      },
      () => {},
    );
  }
}

/** Says on standard error how long a mail took. */
function tell(what: string, mail: Mail, since: number): void {
  const took = mail.arrived - since;
  process.stderr.write(
    `${what}: mail after ${(took / 1000).toFixed(1)} s, in production ${inProduction(took)} s\n`,
  );
}

it('mails once that alerting works', async () => {
  const mail = await monitoring.mail(['Watchdog']);

  expect(mail.subject).toBe('[NONE] the platform: The alerting works');
  expect(mail.from?.address).toBe('alerts@example.com');
});

it('scrapes everything', async () => {
  // The services, the Redis exporter, Traefik, and what tells of containers and of their limits.
  await eventually(
    async () => (await monitoring.query('up == 1')).length === Object.keys(services).length + 4,
    20_000,
  );
});

it('warns of the certificate that is about to expire', async () => {
  await eventually(async () => {
    const [sample] = await monitoring.query('(traefik_tls_certs_not_after - time()) / 86400');
    return sample?.metric.cn === 'quotes.example.com' && Math.ceil(Number(sample.value[1])) === 10;
  });
});

it('sees what Traefik refuses by itself', async () => {
  await eventually(async () => {
    const [sample] = await monitoring.query('traefik_router_requests_total{code="429"}');
    return sample?.metric.namespace === 'traefik' && sample.metric.service === 'ping@file';
  });
});

it('mails that requests fail without Redis, and that it is over when Redis is back', async () => {
  await eventually(
    async () =>
      (await monitoring.query('namespace_service:http_request_errors:ratio_rate5m == 0')).length >=
      3,
  );
  firstFailure = 0;
  await platform.signalRedis('SIGKILL');
  const failing = await monitoring.mail([
    '[CRITICAL] qualification',
    'quotes in qualification fails',
  ]);
  tell('failed requests', failing, firstFailure);
  expect(failing.html).toContain(
    'https://example.com/quotes-platform/blob/main/docs/operations.md#errorbudgetburnsfast',
  );
  expect(failing.text).toContain('service=quotes');
  tell(
    'Redis down',
    await monitoring.mail(['Redis redis-qualification-0 in qualification does not answer']),
    firstFailure,
  );

  const back = Date.now();
  await platform.startRedis();
  const over = await monitoring.resolved('quotes in qualification fails', back);
  tell('failed requests, resolved', over, back);
  expect(over.html).toContain('resolved in qualification');
});

it('mails that a container is at its limits, and that it no longer is', async () => {
  const start = Date.now();
  hog = spawn(process.execPath, [
    '-e',
    'const held = Buffer.alloc(2 ** 28, 1); for (;;) held[0] ^= 1',
  ]);
  // So little CPU that it reaches its limit also on a machine that is busy with other work.
  contain('hog', hog, { ...LIMITS, cpu: 0.02 });
  const full = await monitoring.mail(
    ['[WARNING] qualification', 'hog of qualification', 'of its memory limit'],
    start,
  );
  tell('memory', full, start);
  const busy = await monitoring.mail(
    ['[WARNING] qualification', 'hog of qualification', 'of its CPU limit'],
    start,
  );
  tell('CPU', busy, start);
  expect(busy.text).toContain('container=hog');

  const end = Date.now();
  monitoring.containers.pop();
  hog.kill('SIGKILL');
  tell('CPU, resolved', await monitoring.resolved('of its CPU limit', end), end);
});

it('mails that a payment was refused', async () => {
  const { quotes, shop } = services as Record<'quotes' | 'shop', ServiceProcess>;
  const { body } = succeeded(await call(quotes, 'GET /quotes/random'));
  const start = Date.now();
  await new Visitor(shop).order(body.id);
  const [order] = await orders(shop);
  await deliver(shop, eventOf({ ...order, total: 1 }));

  const refused = await monitoring.mail(
    ['[CRITICAL] qualification', 'Payments in qualification go wrong'],
    start,
  );
  tell('payment refused', refused, start);
  expect(refused.text).toContain('outcome=refused');
});

it('has data for every query of every panel, or the reason why only a cluster has', async () => {
  const names = new Set(await monitoring.metrics());
  const empty: string[] = [];
  const rows = await Promise.all(
    panelQueries.map(async ({ dashboard, panel, expr }) => {
      const query = expr
        .replaceAll('$environment', 'qualification')
        .replaceAll('$service', '.+')
        .replaceAll('$__rate_interval', '10s');
      const missing = everyMetric(expr).filter(
        (name) => !names.has(name) && clusterMetrics.has(name),
      );
      const reason = missing.map((name) => `${name}: needs ${clusterMetrics.get(name)}`).join(', ');
      // A scrape that comes late, as on a busy machine, leaves a gap of its length in what an
      // instant query sees: the next one ends it.
      const sample = missing.length > 0 ? undefined : await answered(query).catch(() => undefined);
      if (!sample && missing.length === 0) empty.push(`${dashboard} / ${panel}: ${query}`);
      return `${dashboard} | ${panel} | ${expr} | ${sample?.value[1] ?? `- (${reason})`}`;
    }),
  );
  writeFileSync(`${seen}/panels.txt`, `${rows.join('\n')}\n`);
  process.stderr.write(`dashboard | panel | query | sample\n${rows.join('\n')}\n`);

  expect(empty).toEqual([]);
});

it('names no metric that nothing exports', async () => {
  const names = new Set(await monitoring.metrics());
  const named = [...rules, ...panelQueries].flatMap(({ expr }) => metricsOf(expr));

  expect(
    [...new Set(named)].filter(
      (name) => !names.has(name) && !clusterMetrics.has(name) && !isRecorded(name),
    ),
  ).toEqual([]);
});

it('holds back all other mails of an environment that is down', async () => {
  const start = Date.now();
  clearInterval(load);
  monitoring.containers.length = 0;
  await Promise.all(Object.values(services).map((service) => service.end('SIGKILL')));
  const down = await monitoring.mail(
    ['[CRITICAL] qualification', 'No service of qualification answers'],
    start,
  );
  tell('environment down', down, start);
  await eventually(
    async () =>
      (await monitoring.query('ALERTS{alertname="TargetMissing", alertstate="firing"}')).length ===
      Object.keys(services).length,
  );
  await monitoring.mail(['Watchdog']);

  expect(
    monitoring.mails.filter(
      ({ arrived, text }) => arrived >= start && text?.includes('TargetMissing'),
    ),
  ).toEqual([]);
});

/** The first number that a query answers with, once it has one. A quantile of nothing is none. */
function answered(query: string): Promise<Sample> {
  return eventually(
    async () =>
      (await monitoring.query(query)).find(({ value: [, value] }) => value !== 'NaN') ?? false,
  );
}

const isRecorded = (name: string) => rules.some(({ record }) => record === name);

/** The metrics behind an expression, those behind its recording rules included. */
function everyMetric(expr: string): string[] {
  return metricsOf(expr).flatMap((name) => {
    const rule = rules.find(({ record }) => record === name);
    return rule ? everyMetric(rule.expr) : [name];
  });
}
