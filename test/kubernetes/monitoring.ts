import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { eventually } from '#libs/testing/eventually.ts';
import { clusterMetrics } from '#test/monitoring/cluster-metrics.ts';
import { metricsOf, panelQueries, rules } from '#test/monitoring/configuration.ts';
import type { Test } from './test.ts';

/** Metrics of programs that cannot be installed from package registries. */
const unheard = new Set(
  [...clusterMetrics]
    .filter(([, exporter]) => exporter === 'kube-state-metrics')
    .map(([name]) => name),
);

/** Checks Prometheus in the cluster: everything is scraped, panels have data, and mails get out. */
export const monitoring: Test = async (cluster, say) => {
  const mails: Email[] = [];
  await using _mailServer = receive(mails);
  // These are the commands of docs/operations.md.
  const forwards = ['service/prometheus 9090', 'service/alertmanager 9093'].map((target) =>
    spawn('kubectl', ['port-forward', '--namespace', 'monitoring', ...target.split(' ')], {
      env: cluster.env,
      stdio: 'ignore',
    }),
  );
  try {
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:9090/api/v1/${path}`);
      return ((await response.json()) as { data: never }).data as Record<string, never>;
    };
    const query = async (expr: string) =>
      (await ask(`query?query=${encodeURIComponent(expr)}`)).result ?? [];
    const targets = await eventually(
      async () => {
        const { activeTargets } = (await ask('targets?state=active')) as unknown as {
          activeTargets: { health: string; labels: Record<string, string>; lastError: string }[];
        };
        const down = activeTargets.filter(({ health }) => health !== 'up');
        assert.deepEqual(
          down.map(({ labels, lastError }) => ({ labels, lastError })),
          [],
        );
        return activeTargets;
      },
      180_000,
      2000,
    );
    const jobs = Map.groupBy(targets, ({ labels }) => labels.job);
    // Production has three nodes, qualification one.
    assert.equal(jobs.get('redis')?.length, 3 + 1);
    say(
      `ok   Prometheus scrapes all: ` +
        [...jobs].map(([job, { length }]) => `${job} ${length}`).join(', '),
    );

    // The panels show searches and writes.
    const environment = await cluster.environment('production');
    for (let i = 0; i < 20; i += 1)
      await cluster.ask(environment, `GET /search?keyword=number${i}`);
    let seen = 0;
    const without: string[] = [];
    for (const { dashboard, panel, expr } of panelQueries) {
      if (metricsOf(expr).some((name) => unheard.has(name))) {
        without.push(`${dashboard} / ${panel}`);
        continue;
      }
      const needsCluster = metricsOf(expr).some((name) => clusterMetrics.has(name));
      if (!needsCluster) continue;
      const filled = expr
        .replaceAll('$environment', 'production')
        .replaceAll('$service', '.+')
        .replaceAll('$__rate_interval', '1m');
      await eventually(
        async () => {
          const result = await query(filled);
          assert.ok(result.length > 0, `${dashboard} / ${panel}: no data for ${filled}`);
          return true;
        },
        120_000,
        2000,
      );
      seen += 1;
    }
    say(`ok   ${seen} queries of the dashboards that only a cluster can answer have data`);
    say(
      `     not to be had here, they ask kube-state-metrics: ${[...new Set(without)].join(', ')}`,
    );
    const silent = rules.filter(({ expr }) => metricsOf(expr).some((name) => unheard.has(name)));
    say(`     and the rules ${silent.map(({ alert, record }) => alert ?? record).join(', ')}`);

    // The mail of Prometheus' own alert comes once a day, so that another alert must send one now.
    const alerts = 'http://127.0.0.1:9093/api/v2/alerts';
    await eventually(async () => {
      const active = (await (await fetch(alerts)).json()) as { labels: { alertname: string } }[];
      return active.some(({ labels }) => labels.alertname === 'Watchdog');
    }, 120_000);
    const summary = `A proof of ${new Date().toISOString()}`;
    const labels = { alertname: 'Proof', severity: 'critical', namespace: summary };
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify([{ labels, annotations: { summary } }]);
    assert.equal((await fetch(alerts, { method: 'POST', headers, body })).status, 200);
    const mail = await eventually(
      () => mails.find(({ subject }) => subject?.includes(summary)) ?? false,
      60_000,
    );
    say(
      `ok   Alertmanager delivers from inside, over TLS and with its password: "${mail.subject}"`,
    );
  } finally {
    for (const forward of forwards) forward.kill();
  }
};

/** Serves smtp.example.com of the cluster's DNS, with TLS and the account's password. */
function receive(mails: Email[]): AsyncDisposable {
  const server = new SMTPServer({
    // No server here knows the names of pods; the lookup would take longer than a client waits.
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'alerts@example.com' && password === 'PASSWORD OF THE MAIL ACCOUNT'
        ? done(null, { user: username })
        : done(new Error('refused')),
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', async () => {
        mails.push(await PostalMime.parse(Buffer.concat(chunks)));
        done();
      });
    },
  });
  // A client that gives up is no fault of the tests.
  server.on('error', () => {});
  server.listen(587, '203.0.113.25');
  return { [Symbol.asyncDispose]: () => new Promise((done) => server.close(done)) };
}
