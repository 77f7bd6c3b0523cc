import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ruleFiles, rules } from './configuration.ts';
import { pinned, run } from './programs.ts';

const promtool = pinned('promtool');
const folder = mkdtempSync(join(tmpdir(), 'rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  alert: string;
  when: string;
  /** Samples a `step` apart, in promtool's notation. */
  series: Record<string, string>;
  /** A minute unless it says otherwise. */
  step?: string;
  /** Whether the alert fires at these times. */
  fires: Record<string, boolean>;
}

const http = (status: string, route = '/quotes') =>
  `http_request_duration_seconds_count{namespace="production", service="quotes", status="${status}", route="${route}"}`;
const container = 'namespace="production", pod="quotes-1", container="quotes"';
const hpa = 'namespace="production", horizontalpodautoscaler="quotes-autoscaler"';
const node = (i: number) => `{namespace="production", pod="redis-production-${i}"}`;
const page = (outcome: string) =>
  `shop_payment_pages_total{namespace="privrocket-preprod", outcome="${outcome}"}`;
const event = (outcome: string) =>
  `shop_payment_events_total{namespace="privrocket-preprod", outcome="${outcome}"}`;
const orders = (state: string) =>
  `shop_orders_total{namespace="privrocket-preprod", state="${state}"}`;
const refused =
  'unauthorized_requests_total{namespace="production", service="users", pod="users-1"}';
const login = (outcome: string) =>
  `logins_total{namespace="production", service="quotes", outcome="${outcome}"}`;
const throttled =
  'throttled_requests_total{namespace="production", service="quotes", pod="quotes-1"}';
const edge = (code: string) =>
  `traefik_router_requests_total{namespace="traefik", service="production-quotes-service-5000@kubernetes", code="${code}"}`;
const uncounted =
  'throttle_failures_total{namespace="production", service="quotes", pod="quotes-1"}';
const everyJob = Object.fromEntries(
  ['services', 'redis', 'traefik', 'cadvisor', 'kube-state-metrics'].map((job) => [
    `up{job="${job}"}`,
    '1x90',
  ]),
);
const down = (series: string, values = '1x10 0x20 1x20'): Record<string, string> => ({
  [series]: values,
});

const cases: Case[] = [
  {
    alert: 'ErrorBudgetBurnsFast',
    when: '5 % of requests fail for an hour',
    series: { [http('2xx')]: '0+100x600', [http('5xx')]: '0x120 0+5x60 300x400' },
    fires: { '1h': false, '2h30m': true, '4h': false },
  },
  {
    alert: 'ErrorBudgetBurnsFast',
    when: '1 % of requests fail for half a day',
    series: { [http('2xx')]: '0+100x2000', [http('5xx')]: '0x400 0+1x720 720x800' },
    fires: { '6h': false, '16h': true, '20h': false },
  },
  {
    alert: 'ErrorBudgetBurnsFast',
    when: 'three of few requests fail',
    series: { [http('2xx')]: '0+1x600', [http('5xx')]: '0x120 1 2 3 3x400' },
    fires: { '2h4m': false, '2h10m': false },
  },
  {
    alert: 'ErrorBudgetBurnsFast',
    when: 'only readiness probes fail',
    series: { [http('2xx')]: '0+100x600', [http('5xx', '/readyz')]: '0+100x600' },
    fires: { '2h': false },
  },
  {
    alert: 'ErrorBudgetBurnsSlowly',
    when: '0.2 % of requests fail for days',
    series: { [http('2xx')]: '0+1500x400', [http('5xx')]: '0+3x133 399x260' },
    step: '15m',
    fires: { '30m': false, '24h': true, '2505m': false },
  },
  {
    alert: 'ErrorBudgetBurnsSlowly',
    when: 'as many fail as the objective allows',
    series: { [http('2xx')]: '0+1500x400', [http('5xx')]: '0+1.35x400' },
    step: '15m',
    fires: { '3d': false },
  },
  {
    alert: 'ContainerCpuHigh',
    when: 'a container uses 95 % of its limit for an hour',
    series: {
      [`container_cpu_usage_seconds_total{${container}}`]: '0+11.4x60 684+3x60',
      [`kube_pod_container_resource_limits{${container}, resource="cpu"}`]: '0.2x120',
    },
    fires: { '10m': false, '30m': true, '75m': false },
  },
  {
    alert: 'ContainerMemoryHigh',
    when: 'a container uses 95 % of its limit',
    series: {
      [`container_memory_working_set_bytes{${container}}`]: '50x10 95x20 50x20',
      [`kube_pod_container_resource_limits{${container}, resource="memory"}`]: '100x60',
    },
    fires: { '12m': false, '20m': true, '35m': false },
  },
  {
    alert: 'PodCrashLooping',
    when: 'a container keeps crashing',
    series: {
      [`kube_pod_container_status_waiting_reason{${container}, reason="CrashLoopBackOff"}`]:
        '0x10 1 0 0 1 0 0 1 0 0 1 0 0 1x10 0x30',
    },
    fires: { '9m': false, '18m': true, '50m': false },
  },
  {
    alert: 'PodCrashLooping',
    when: 'an image is being fetched',
    series: {
      [`kube_pod_container_status_waiting_reason{${container}, reason="ContainerCreating"}`]:
        '1x60',
    },
    fires: { '30m': false },
  },
  {
    alert: 'ContainerOomKilled',
    when: 'a container is killed for its memory',
    series: {
      [`kube_pod_container_status_last_terminated_reason{${container}, reason="OOMKilled"}`]:
        '0x10 1x60',
      [`kube_pod_container_status_restarts_total{${container}}`]: '0x10 1x60',
    },
    fires: { '9m': false, '15m': true, '30m': false },
  },
  {
    alert: 'ContainerOomKilled',
    when: 'a container that was killed long ago restarts for another reason',
    series: {
      [`kube_pod_container_status_last_terminated_reason{${container}, reason="Error"}`]: '1x60',
      [`kube_pod_container_status_restarts_total{${container}}`]: '0x10 1x60',
    },
    fires: { '15m': false },
  },
  {
    alert: 'AutoscalerAtMaximum',
    when: 'all replicas are wanted',
    series: {
      [`kube_horizontalpodautoscaler_status_desired_replicas{${hpa}}`]: '2x10 4x30 3x30',
      [`kube_horizontalpodautoscaler_spec_max_replicas{${hpa}}`]: '4x90',
      [`kube_horizontalpodautoscaler_spec_min_replicas{${hpa}}`]: '2x90',
    },
    fires: { '20m': false, '35m': true, '50m': false },
  },
  {
    alert: 'QuotaNearlyUsed',
    when: 'nearly all is used',
    series: {
      'kube_resourcequota{namespace="production", resource="limits.cpu", type="used"}':
        '3x10 3.9x30 3x30',
      'kube_resourcequota{namespace="production", resource="limits.cpu", type="hard"}': '4x90',
    },
    fires: { '20m': false, '35m': true, '50m': false },
  },
  {
    alert: 'RedisDown',
    when: 'Redis goes and comes back',
    series: down(`redis_up${node(0)}`),
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'RedisReplicationBroken',
    when: 'a replica loses its master',
    series: down(`redis_master_link_up${node(1)}`),
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'RedisReplicationBroken',
    when: 'a master misses a replica',
    series: {
      [`redis_up${node(0)}`]: '1x60',
      [`redis_up${node(1)}`]: '1x60',
      [`redis_up${node(2)}`]: '1x60',
      'redis_instance_info{namespace="production", pod="redis-production-0", role="master"}':
        '1x60',
      [`redis_connected_slaves${node(0)}`]: '2x10 1x20 2x30',
      [`redis_connected_slaves${node(1)}`]: '0x60',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'RedisReplicationBroken',
    when: 'a Redis is meant to be alone',
    series: {
      'redis_up{namespace="qualification", pod="redis-qualification-0"}': '1x60',
      'redis_instance_info{namespace="qualification", pod="redis-qualification-0", role="master"}':
        '1x60',
      'redis_connected_slaves{namespace="qualification", pod="redis-qualification-0"}': '0x60',
    },
    fires: { '30m': false },
  },
  {
    alert: 'RedisMemoryHigh',
    when: 'maxmemory is near',
    series: {
      [`redis_memory_used_bytes${node(0)}`]: '50x10 95x20 50x20',
      [`redis_memory_max_bytes${node(0)}`]: '100x60',
    },
    fires: { '12m': false, '20m': true, '35m': false },
  },
  {
    alert: 'RedisMemoryHigh',
    when: 'there is no maxmemory',
    series: {
      [`redis_memory_used_bytes${node(0)}`]: '95x60',
      [`redis_memory_max_bytes${node(0)}`]: '0x60',
    },
    fires: { '30m': false },
  },
  {
    alert: 'RedisMemoryFull',
    when: 'maxmemory is reached',
    series: {
      [`redis_memory_used_bytes${node(0)}`]: '95x10 100x20 95x20',
      [`redis_memory_max_bytes${node(0)}`]: '100x60',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'RedisMemoryFull',
    when: 'writes are refused',
    series: {
      'writes_refused_full_total{namespace="production", pod="quotes-1"}': '0x10 0+5x10 50x40',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  ...[
    'redis_aof_last_write_status',
    'redis_aof_last_bgrewrite_status',
    'redis_rdb_last_bgsave_status',
  ].map((metric) => ({
    alert: 'RedisSaveFailed',
    when: `${metric} says so`,
    series: down(metric + node(0)),
    fires: { '9m': false, '20m': true, '35m': false },
  })),
  {
    alert: 'SearchIndexLags',
    when: 'the index is late',
    series: {
      'search_index_lag_seconds{namespace="production", pod="search-1"}': '0x10 9x20 0x20',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'SearchIndexLags',
    when: 'the index stands still',
    series: {
      'search_index_lag_entries{namespace="production", pod="search-1"}': '0x10 0+500x20 0x20',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'SearchIndexStalled',
    when: 'the thread of the index is silent',
    series: {
      'search_index_silent_seconds{namespace="production", pod="search-1"}': '1x10 0+60x20 1x20',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'SearchIndexStalled',
    when: 'a merge keeps the thread busy now and then',
    series: {
      'search_index_silent_seconds{namespace="production", pod="search-1"}': '1 1 12 1x30',
    },
    fires: { '5m': false, '20m': false },
  },
  {
    alert: 'SearchOverloaded',
    when: 'searches wait for too long',
    series: {
      'search_refused_total{namespace="production", pod="search-1", reason="late"}':
        '0x10 0+60x20 1200x30',
    },
    fires: { '9m': false, '25m': true, '45m': false },
  },
  {
    alert: 'SearchOverloaded',
    when: 'clients hang up',
    series: {
      'search_refused_total{namespace="production", pod="search-1", reason="gone"}':
        '0x10 0+60x20 1200x30',
    },
    fires: { '25m': false },
  },
  {
    alert: 'CredentialsRefused',
    when: 'keys are guessed from many addresses',
    series: { [refused]: '0x10 0+60x20 1200x30' },
    fires: { '9m': false, '25m': true, '50m': false },
  },
  {
    alert: 'CredentialsRefused',
    when: 'one program has an old key',
    series: { [refused]: '0+10x60' },
    fires: { '20m': false, '50m': false },
  },
  {
    alert: 'LoginsFailing',
    when: 'passwords are guessed, until the budget of the account is used up',
    series: { [login('failed')]: '0x10 0+20x5 100x50', [login('refused')]: '0x15 0+20x20 400x30' },
    fires: { '9m': false, '28m': true, '58m': false },
  },
  {
    alert: 'LoginsFailing',
    when: 'one program has an old password',
    series: { [login('failed')]: '0 10 20x60', [login('refused')]: '0 0 0+10x60' },
    fires: { '20m': false, '50m': false },
  },
  {
    alert: 'LoginsFailing',
    when: 'all passwords are right',
    series: { [login('verified')]: '0+100x60' },
    fires: { '50m': false },
  },
  {
    alert: 'ClientsThrottled',
    when: 'a service refuses most requests',
    series: {
      [http('2xx')]: '0+60x90',
      [http('4xx')]: '0x10 0+120x30 3600x50',
      [throttled]: '0x10 0+120x30 3600x50',
    },
    fires: { '9m': false, '35m': true, '65m': false },
  },
  {
    alert: 'ClientsThrottled',
    when: 'Traefik refuses most requests, which come to no service',
    series: { [edge('200')]: '0+60x90', [edge('429')]: '0x10 0+120x30 3600x50' },
    fires: { '9m': false, '35m': true, '65m': false },
  },
  {
    alert: 'ClientsThrottled',
    when: 'a few of many clients make too many',
    series: {
      ...{ [http('2xx')]: '0+6000x60', [http('4xx')]: '0+120x60', [throttled]: '0+120x60' },
      ...{ [edge('200')]: '0+6000x60', [edge('429')]: '0+120x60' },
    },
    fires: { '50m': false },
  },
  {
    alert: 'ClientsThrottled',
    when: 'the only client asks every second',
    series: {
      ...{ [http('2xx')]: '0+10x60', [http('4xx')]: '0+50x60', [throttled]: '0+50x60' },
      ...{ [edge('200')]: '0+10x60', [edge('429')]: '0+50x60' },
    },
    fires: { '50m': false },
  },
  {
    alert: 'LimiterFailing',
    when: 'Redis refuses the limiter for half an hour',
    series: { [uncounted]: '0x10 0+1x30 30x40' },
    fires: { '9m': false, '30m': true, '55m': false },
  },
  {
    alert: 'LimiterFailing',
    when: 'Redis fails over',
    series: { [uncounted]: '0x10 200x40' },
    fires: { '12m': false, '18m': false, '30m': false },
  },
  {
    alert: 'PaymentsFailing',
    when: 'one payment is refused',
    series: { [event('refused')]: '0x10 1x30' },
    fires: { '9m': false, '12m': true, '30m': false },
  },
  {
    alert: 'PaymentsFailing',
    when: 'no payment page opens',
    series: { [page('opened')]: '0+1x10 10x40', [page('failed')]: '0x25 1 2 3 3x30' },
    fires: { '24m': false, '30m': true, '45m': false },
  },
  {
    alert: 'PaymentsFailing',
    when: 'some payment pages do not open',
    series: { [page('opened')]: '0+1x60', [page('failed')]: '0+1x60' },
    fires: { '30m': false },
  },
  {
    alert: 'PaymentsFailing',
    when: 'the signature of no event fits any more',
    series: {
      [page('opened')]: '0+1x120',
      [event('advanced')]: '0+1x10 10x60 10+1x60',
      [event('unsigned')]: '0x10 0+1x60 60x60',
    },
    fires: { '20m': false, '50m': true, '80m': false },
  },
  {
    alert: 'PaymentsFailing',
    when: 'a stranger sends events and nobody buys',
    series: {
      [page('opened')]: '5x60',
      [event('advanced')]: '5x60',
      [event('unsigned')]: '0+1x60',
    },
    fires: { '50m': false },
  },
  {
    alert: 'PaymentDisputed',
    when: 'a bank asks for money back',
    series: { [orders('disputed')]: '0x10 1x40' },
    step: '1h',
    fires: { '9h': false, '12h': true, '33h': true, '36h': false },
  },
  {
    alert: 'PaymentDisputed',
    when: 'a dispute is lost in a pod that ends a minute later',
    series: { [orders('dispute_lost')]: '0x10 1 1 _x60' },
    fires: { '9m': false, '12m': true, '60m': true },
  },
  {
    alert: 'PaymentDisputed',
    when: 'orders are paid and refunded',
    series: {
      [orders('paid')]: '0+1x60',
      [orders('refunded')]: '0+1x60',
      [orders('disputed')]: '1x60',
      [orders('dispute_lost')]: '1x60',
    },
    fires: { '30m': false },
  },
  {
    alert: 'EnvironmentDown',
    when: 'every service is down',
    series: {
      'up{job="services", namespace="production", service="users"}': '1x10 0x20 1x20',
      'up{job="services", namespace="production", service="quotes"}': '1x10 0x20 1x20',
      'up{job="services", namespace="qualification", service="quotes"}': '1x60',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'EnvironmentDown',
    when: 'every service vanishes',
    series: {
      'up{job="services", namespace="production", service="users"}': '1x10 _x20 1x20',
      'up{job="services", namespace="production", service="quotes"}': '1x10 _x20 1x20',
      'up{job="services", namespace="qualification", service="quotes"}': '1x60',
    },
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'EnvironmentDown',
    when: 'the environment was removed a day ago',
    series: { 'up{job="services", namespace="production", service="users"}': '1x2' },
    step: '1h',
    fires: { '2h': false, '4h': true, '28h': false },
  },
  {
    alert: 'EnvironmentDown',
    when: 'one service of two is down',
    series: {
      'up{job="services", namespace="production", service="users"}': '1x60',
      'up{job="services", namespace="production", service="quotes"}': '0x60',
    },
    fires: { '20m': false },
  },
  {
    alert: 'TargetMissing',
    when: 'a target cannot be scraped',
    series: down('up{job="redis", namespace="production", instance="a"}'),
    fires: { '9m': false, '20m': true, '35m': false },
  },
  {
    alert: 'JobMissing',
    when: 'all targets of a kind vanish',
    series: { ...everyJob, 'up{job="redis"}': '1x10 _x30 1x50' },
    fires: { '10m': false, '35m': true, '50m': false },
  },
  {
    alert: 'JobMissing',
    when: 'a kind is not found, and later is',
    series: { ...everyJob, 'up{job="redis"}': '_x40 1x50' },
    fires: { '9m': false, '35m': true, '50m': false },
  },
  {
    alert: 'JobMissing',
    when: 'a service vanishes from one environment',
    series: {
      ...everyJob,
      'up{job="services", namespace="production", service="users"}': '1x10 _x30 1x50',
      'up{job="services", namespace="qualification", service="users"}': '1x90',
    },
    fires: { '10m': false, '35m': true, '50m': false },
  },
  {
    alert: 'JobMissing',
    when: 'one pod of two is gone',
    series: {
      ...everyJob,
      'up{job="services", namespace="production", service="users", pod="a"}': '1x10',
      'up{job="services", namespace="production", service="users", pod="b"}': '1x90',
    },
    fires: { '35m': false },
  },
  {
    alert: 'CertificateExpiring',
    when: 'a certificate is renewed at the last moment',
    // 20 days after the start of the test's time.
    series: {
      'traefik_tls_certs_not_after{namespace="traefik", cn="quotes.example.com"}':
        '1728000x150 9000000x10',
    },
    step: '1h',
    fires: { '140h': false, '146h': true, '152h': false },
  },
  { alert: 'Watchdog', when: 'nothing is wrong', series: {}, fires: { '0m': true, '1h': true } },
];

const alerts = [...new Set(rules.flatMap(({ alert }) => alert ?? []))];

it('has a syntax that Prometheus accepts', () => {
  expect(run(promtool, 'check', 'rules', ...ruleFiles)).toContain('SUCCESS');
});

describe.each(alerts)('%s', (alert) => {
  const own = cases.filter((one) => one.alert === alert);

  it.each(own)('fires or not when $when', ({ series, fires, step = '1m' }) => {
    const file = join(folder, 'test.yml');
    const test = {
      rule_files: ruleFiles.map((rule) => resolve(rule)),
      evaluation_interval: step,
      tests: [
        {
          interval: step,
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: Object.entries(fires).map(([time, firing]) => ({
            expr: `count(count by (alertname) (ALERTS{alertname="${alert}", alertstate="firing"}))`,
            eval_time: time,
            exp_samples: firing ? [{ value: 1 }] : [],
          })),
        },
      ],
    };
    writeFileSync(file, stringify(test));
    expect(run(promtool, 'test', 'rules', file)).toContain('SUCCESS');
  });

  it('is seen to fire, not to fire, and (but for the watchdog) to resolve', () => {
    const seen = own.map(({ fires }) => Object.values(fires));
    expect(seen.flat()).toContain(true);
    if (alert === 'Watchdog') return;
    expect(
      seen.some((values) => values[0] === false && values.indexOf(false, values.indexOf(true)) > 1),
    ).toBe(true);
  });

  it('says what is wrong, how bad it is, and where to read what to do', () => {
    const guide = readFileSync('docs/operations.md', 'utf8');
    for (const { labels, annotations } of rules.filter((rule) => rule.alert === alert)) {
      expect(labels?.severity).toMatch(/^(critical|warning|none)$/);
      expect(annotations?.summary).toMatch(/\w{3}/);
      expect(annotations?.description).toMatch(/\.$/);
      expect(annotations?.runbook_url).toBe(
        `{{ $externalLabels.runbooks }}#${alert.toLowerCase()}`,
      );
      expect(guide).toContain(`\n### ${alert}\n`);
    }
  });
});
