import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterMetrics } from './cluster-metrics.ts';
import { dashboards, load, metricsOf, overlay, panelQueries, rules } from './configuration.ts';
import { pinned, run } from './programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'configuration-'));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Copies a part of the overlay to where its paths may be rewritten, and answers the file asked for.
 */
function copy(part: string, file: string, mountPath: string): string {
  cpSync(`${overlay}/${part}`, `${folder}/${part}`, { recursive: true });
  const path = `${folder}/${part}/${file}`;
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(mountPath, `${folder}/${part}`));
  return path;
}

it('is a configuration that Prometheus accepts, the discovery of Kubernetes included', () => {
  const file = copy('prometheus', 'prometheus.yml', '/etc/prometheus');
  const scrape = `${folder}/prometheus/scrape.yml`;
  // The token is there only in a pod.
  writeFileSync(
    scrape,
    readFileSync(scrape, 'utf8').replace(
      '/var/run/secrets/kubernetes.io/serviceaccount/token',
      file,
    ),
  );
  expect(run(pinned('promtool'), 'check', 'config', file)).toContain(
    'is valid prometheus config file syntax',
  );
});

it.each(['prometheus', 'alertmanager'] as const)(
  'is checked by the %s that is deployed',
  (name) => {
    const { images } = load('deploy/components/images/kustomization.yaml') as {
      images: { name: string; newTag: string }[];
    };
    const deployed = images.find((image) => image.name === `prom/${name}`)?.newTag.slice(1);
    expect(run(pinned(name), '--version')).toContain(`${name}, version ${deployed} `);
  },
);

it.each([`${overlay}/prometheus/scrape.yml`, 'deploy/local/scrape.yml'])(
  'knows the environment of every series of %s',
  (file) => {
    const { scrape_configs: jobs } = load(file) as {
      scrape_configs: Record<string, { target_label: string; labels: object }[]>[];
    };
    for (const { job_name, relabel_configs = [], static_configs = [] } of jobs) {
      const labels = static_configs.map((one) => one.labels ?? {});
      expect([
        job_name,
        relabel_configs.some((one) => one.target_label === 'namespace') ||
          (labels.every((one) => 'namespace' in one) && labels.length > 0),
      ]).toEqual([job_name, true]);
    }
  },
);

it('scrapes what only a cluster exports, and nothing that nobody looks at', () => {
  const named = new Set([...rules, ...panelQueries].flatMap(({ expr }) => metricsOf(expr)));
  const { scrape_configs: jobs } = load(`${overlay}/prometheus/scrape.yml`);
  const kept = (jobs as { metric_relabel_configs?: { regex: string }[] }[]).flatMap(
    ({ metric_relabel_configs: keep = [] }) => keep.map(({ regex }) => new RegExp(`^${regex}$`)),
  );
  const ofKubelets = [...clusterMetrics]
    .filter(([, exporter]) => exporter.includes('kubelet'))
    .map(([name]) => name);
  expect(ofKubelets.filter((name) => !kept.some((regex) => regex.test(name)))).toEqual([]);
  expect([...clusterMetrics.keys()].filter((name) => !named.has(name))).toEqual([]);

  const [, told = ''] =
    /--resources=(\S+)/.exec(
      readFileSync(`${overlay}/kube-state-metrics/deployment.yaml`, 'utf8'),
    ) ?? [];
  const objects = [...clusterMetrics.keys()].flatMap(
    (name) => /^kube_([a-z]+)/.exec(name)?.[1] ?? [],
  );
  expect(told.split(',')).toEqual([...new Set(objects.map((object) => `${object}s`))].sort());
});

describe('Alertmanager', () => {
  const amtool = pinned('amtool');
  const file = copy('alertmanager', 'alertmanager.yml', '/etc/alertmanager');

  it('accepts configuration and template', () => {
    expect(run(amtool, 'check-config', file)).toContain('SUCCESS');
  });

  it.each([
    ['severity=critical', 'namespace=production'],
    ['severity=warning', 'namespace=production'],
    ['severity=none', 'alertname=Watchdog'],
  ])('mails %s of %s', (...labels) => {
    run(
      amtool,
      'config',
      'routes',
      'test',
      `--config.file=${file}`,
      '--verify.receivers=mail',
      ...labels,
    );
  });
});

describe('the dashboards', () => {
  it('are what dashboards.ts, which is typed by the published schema, writes', () => {
    const written = join(folder, 'dashboards');
    mkdirSync(written);
    execFileSync(process.execPath, [`${overlay}/grafana/dashboards.ts`, written]);
    for (const file of readdirSync(written)) {
      expect(readFileSync(`${overlay}/grafana/dashboards/${file}`, 'utf8')).toBe(
        readFileSync(join(written, file), 'utf8'),
      );
    }
  });

  it.each(dashboards)(
    '$title explains every panel, and links to dashboards that exist',
    ({ panels }) => {
      const uids = dashboards.map(({ uid }) => uid);
      for (const panel of panels) {
        if (panel.type === 'row') continue;
        expect(panel.description).toMatch(/\.$/);
        expect(panel.fieldConfig.defaults.unit).toEqual(expect.any(String));
        for (const { url } of panel.fieldConfig.defaults.links ?? []) {
          expect(uids).toContain(/^\/d\/([\w-]+)\?/.exec(url)?.[1]);
          if (!url.includes('__field.labels.service')) continue;
          // The series must have the label that the link is made of.
          for (const { expr } of panel.targets)
            expect(expr).toMatch(/by \([^)]*\bservice\b[^)]*\)|^namespace_service:/);
        }
      }
    },
  );

  it('are all provisioned', () => {
    const kustomization = readFileSync(`${overlay}/grafana/kustomization.yaml`, 'utf8');
    for (const { uid } of dashboards) expect(kustomization).toContain(`dashboards/${uid}.json`);
  });
});

it.each([
  ['sum by (a, b) (rate(requests_total{x="y_z", w=~"$v"}[5m])) / 2', ['requests_total']],
  ['up == 0 or absent(up{job="a"})', ['up']],
  [
    '(a:b:c > 14.4 * 0.001) and on (x) group_left (y) other_metric offset 5m',
    ['a:b:c', 'other_metric'],
  ],
  ['histogram_quantile(0.99, sum by (le) (rate(time_bucket[$__rate_interval])))', ['time_bucket']],
])('finds the metrics of %s', (expr, metrics) => {
  expect(metricsOf(expr)).toEqual(metrics);
});
