/**
 * The dashboards, written as `dashboards/*.json` (or into the folder named) by `node deploy/overlays/monitoring/grafana/dashboards.ts [FOLDER]`; typed by Grafana's published schema. In short
 * form a panel is four lines instead of sixty, and all of them look and link alike.
 */
import { writeFileSync } from 'node:fs';
import {
  type Dashboard,
  DashboardCursorSync,
  FieldColorModeId,
  type Panel,
  type RowPanel,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/schema';

type Unit = 'reqps' | 's' | 'percentunit' | 'bytes' | 'short' | 'none' | 'Bps' | 'ops';

/** One query: PromQL, and how its series are called. */
type Query = [expr: string, legend: string];

interface PanelOptions {
  /** Lines drawn across the panel: value and colour. */
  thresholds?: [value: number, colour: string][];
  /** Series that are limits and not measurements, by a regular expression on their name: drawn dashed. */
  reference?: string;
  /** Dashboard that a click on a series leads to. */
  detail?: string;
  /** Service that it shows then; else the one that the series is labelled with. */
  service?: string;
  type?: 'timeseries' | 'stat' | 'bargauge' | 'table';
  max?: number;
  stacked?: boolean;
  /** In 24ths of the screen's width. */
  width?: number;
}

interface Row {
  title: string;
  panels: Panel[];
}

const datasource = { type: 'prometheus', uid: 'prometheus' };
const HEIGHT = 7;

/** Requests of people and programs, without probes and scrapes. */
const requests = (more = '') =>
  `{namespace="$environment", service=~"$service"${more}, route!~"/(healthz|readyz|version|metrics)"}`;
const scope = '{namespace="$environment"}';
/** What is wrong with the environment, or with what all share: nodes, Traefik, the monitoring itself, and what is missing altogether. */
const alerts =
  '{alertstate="firing", severity!="none", namespace=~"$environment|kube-system|traefik|monitoring|"}';
/** Containers of the chosen services: each is called like its service. */
const containers = 'namespace="$environment", container=~"$service"';
const quantile = (q: number, by: string, series: string) =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${series}[$__rate_interval])))`;

function panel(
  title: string,
  description: string,
  unit: Unit,
  queries: Query[],
  options: PanelOptions = {},
): Panel {
  const {
    type = 'timeseries',
    thresholds = [],
    reference,
    detail,
    service,
    max,
    stacked = false,
    width = 8,
  } = options;
  const steps = [
    { value: null, color: thresholds.length > 0 || type === 'timeseries' ? 'green' : 'text' },
    ...thresholds.map(([value, color]) => ({ value, color })),
  ];
  return {
    title,
    description,
    type,
    datasource,
    gridPos: { x: 0, y: 0, w: width, h: HEIGHT },
    targets: queries.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr,
      legendFormat,
      ...(type !== 'timeseries' && { instant: true }),
      ...(type === 'table' && { format: 'table' }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max !== undefined && { max }),
        noValue: 'no data',
        thresholds: { mode: ThresholdsMode.Absolute, steps },
        ...(type !== 'timeseries' &&
          thresholds.length > 0 && { color: { mode: FieldColorModeId.Thresholds } }),
        ...(detail !== undefined && {
          links: [{ title: `Open ${detail}`, url: detailUrl(detail, service) }],
        }),
        ...(type === 'timeseries' && {
          custom: {
            fillOpacity: stacked ? 30 : 8,
            lineWidth: 1,
            showPoints: 'never',
            spanNulls: false,
            stacking: { mode: stacked ? 'normal' : 'none' },
            thresholdsStyle: { mode: thresholds.length > 0 ? 'line' : 'off' },
          },
        }),
      },
      overrides: reference
        ? [
            {
              matcher: { id: 'byRegexp', options: `/${reference}/` },
              properties: [
                { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
                { id: 'custom.fillOpacity', value: 0 },
                { id: 'custom.stacking', value: { mode: 'none' } },
              ],
            },
          ]
        : [],
    },
    options:
      type === 'timeseries'
        ? {
            legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
            tooltip: { mode: 'multi', sort: 'desc' },
          }
        : type === 'table'
          ? { showHeader: true }
          : { reduceOptions: { calcs: ['lastNotNull'] }, orientation: 'horizontal' },
  };
}

function detailUrl(uid: string, service = `\${__field.labels.service}`): string {
  const ofService = uid === 'service-detail' ? `&var-service=${service}` : '';
  return `/d/${uid}?var-environment=\${environment}${ofService}&\${__url_time_range}`;
}

/** Puts rows of panels below each other, each panel beside the last one while it fits. */
function layOut(rows: Row[]): (Panel | RowPanel)[] {
  let y = 0;
  let id = 0;
  return rows.flatMap(({ title, panels }) => {
    id += 1;
    const row: RowPanel = {
      type: 'row',
      id,
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    };
    y += 1;
    let x = 0;
    const placed = panels.map((one) => {
      const width = one.gridPos?.w ?? 8;
      if (x + width > 24) {
        x = 0;
        y += HEIGHT;
      }
      id += 1;
      const at = { ...one, id, gridPos: { x, y, w: width, h: HEIGHT } };
      x += width;
      return at;
    });
    y += HEIGHT;
    return [row, ...placed];
  });
}

function dashboard(
  uid: string,
  title: string,
  description: string,
  rows: Row[],
  {
    services = 'all',
    environment = 'production',
  }: { services?: 'all' | 'one' | 'none'; environment?: string } = {},
): Dashboard {
  const variable = (name: string, label: string, query: string) => ({
    name,
    label,
    type: 'query' as const,
    datasource,
    query: { query, refId: name },
    refresh: VariableRefresh.onTimeRangeChanged,
    sort: VariableSort.alphabeticalAsc,
  });
  return {
    uid,
    title,
    description,
    tags: ['quotes-platform'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: DashboardCursorSync.Crosshair,
    time: { from: 'now-3h', to: 'now' },
    refresh: '30s',
    timezone: 'browser',
    templating: {
      list: [
        {
          ...variable('environment', 'Environment', 'label_values(up{job="services"}, namespace)'),
          current: { text: environment, value: environment },
        },
        ...(services === 'none'
          ? []
          : [
              {
                ...variable(
                  'service',
                  'Service',
                  'label_values(up{job="services", namespace="$environment"}, service)',
                ),
                ...(services === 'all' && {
                  multi: true,
                  includeAll: true,
                  allValue: '.+',
                  current: { text: 'All', value: '$__all' },
                }),
              },
            ]),
      ],
    },
    annotations: {
      list: [
        {
          name: 'Deploys',
          enable: true,
          iconColor: 'blue',
          datasource,
          ...{
            expr: `count by (service, version, commit) (build_info${scope}) unless count by (service, version, commit) (build_info${scope} offset 5m)`,
            titleFormat: 'Deployed {{service}} {{version}} ({{commit}})',
            step: '60s',
          },
        },
        {
          name: 'Alerts',
          enable: true,
          iconColor: 'red',
          datasource,
          ...{
            expr: `ALERTS${alerts}`,
            titleFormat: '{{alertname}} ({{severity}}) {{service}}{{pod}}',
            step: '60s',
          },
        },
      ],
    },
    links: [
      {
        title: 'Dashboards',
        type: 'dashboards',
        tags: ['quotes-platform'],
        asDropdown: true,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: 'The other dashboards of the platform',
        url: '',
      },
    ],
    panels: layOut(rows),
  };
}

const cpuLimit = (by: string) =>
  `sum by (${by}) (kube_pod_container_resource_limits{${containers}, resource="cpu"})`;
const memoryLimit = (by: string) =>
  `sum by (${by}) (kube_pod_container_resource_limits{${containers}, resource="memory"})`;
const errorBudget: [number, string][] = [[0.001, 'red']];

const traffic = (by: string, detail?: string) =>
  panel(
    'Requests per second',
    'Requests answered, by status class.',
    'reqps',
    [
      [
        `sum by (${by}, status) (rate(http_request_duration_seconds_count${requests()}[$__rate_interval]))`,
        `{{${by}}} {{status}}`,
      ],
    ],
    { ...(detail !== undefined && { detail }), stacked: true },
  );
const failures = (detail?: string) =>
  panel(
    'Failed requests',
    'Share of requests answered with 5xx over 5 minutes. The line is the objective: 0.1 %.',
    'percentunit',
    [
      [
        'namespace_service:http_request_errors:ratio_rate5m{namespace="$environment", service=~"$service"}',
        '{{service}}',
      ],
    ],
    { thresholds: errorBudget, ...(detail !== undefined && { detail }) },
  );
const responseTimes = (by: string, detail?: string) =>
  panel(
    `Response time by ${by}`,
    'Median, 95th and 99th percentile of the time from request to end of response.',
    's',
    [0.5, 0.95, 0.99].map(
      (q): Query => [
        quantile(q, by, `http_request_duration_seconds_bucket${requests()}`),
        `{{${by}}} p${q * 100}`,
      ],
    ),
    detail === undefined ? {} : { detail },
  );
const replicas = panel(
  'Replicas',
  'Pods that run and that the autoscaler wants, between its minimum and maximum.',
  'short',
  [
    [
      `kube_horizontalpodautoscaler_status_current_replicas${scope}`,
      '{{horizontalpodautoscaler}} current',
    ],
    [
      `kube_horizontalpodautoscaler_status_desired_replicas${scope}`,
      '{{horizontalpodautoscaler}} desired',
    ],
    [`kube_horizontalpodautoscaler_spec_max_replicas${scope}`, '{{horizontalpodautoscaler}} max'],
    [`kube_horizontalpodautoscaler_spec_min_replicas${scope}`, '{{horizontalpodautoscaler}} min'],
  ],
  { reference: 'max|min', width: 12 },
);

const overview = dashboard(
  'platform-overview',
  'Platform overview',
  'How the services of an environment are doing.',
  [
    {
      title: 'Requests, failures, response times',
      panels: [
        traffic('service', 'service-detail'),
        failures('service-detail'),
        responseTimes('service', 'service-detail'),
        panel(
          'Slowest routes',
          '99th percentile of the response time of each route.',
          's',
          [
            [
              `topk(10, ${quantile(0.99, 'service, route', `http_request_duration_seconds_bucket${requests()}`)})`,
              '{{service}} {{route}}',
            ],
          ],
          { detail: 'service-detail' },
        ),
        panel(
          'Error budget left',
          'Of the failures that the objective of 99.9 % allows in 30 days, the share not yet used. Below zero the objective is missed.',
          'percentunit',
          [
            [
              `1 - (sum by (service) (increase(http_request_duration_seconds_count${requests(', status="5xx"')}[30d])) or 0 * sum by (service) (increase(http_request_duration_seconds_count${requests()}[30d]))) / sum by (service) (increase(http_request_duration_seconds_count${requests()}[30d])) / 0.001`,
              '{{service}}',
            ],
          ],
          {
            type: 'bargauge',
            thresholds: [
              [0, 'red'],
              [0.25, 'orange'],
              [0.5, 'green'],
            ],
            max: 1,
            detail: 'service-detail',
          },
        ),
        panel(
          'Firing alerts',
          'What Alertmanager has mailed about, of the environment and of what all environments share; what to do is in docs/operations.md.',
          'none',
          [[`ALERTS${alerts}`, '{{alertname}} {{service}}{{pod}}']],
          { type: 'table' },
        ),
      ],
    },
    {
      title: 'Containers, CPU, memory, quota',
      panels: [
        panel(
          'Running containers',
          'Containers that run, by environment.',
          'short',
          [['sum by (namespace) (kube_pod_container_status_running)', '{{namespace}}']],
          { detail: 'autoscaling' },
        ),
        panel(
          'CPU against request, limit and quota',
          'Cores used by the chosen services, beside what they request, what they may use, and what the environment may use in all.',
          'short',
          [
            [
              `sum(rate(container_cpu_usage_seconds_total{${containers}}[$__rate_interval]))`,
              'used',
            ],
            [`sum(kube_pod_container_resource_requests{${containers}, resource="cpu"})`, 'request'],
            [`sum(kube_pod_container_resource_limits{${containers}, resource="cpu"})`, 'limit'],
            [
              'sum(kube_resourcequota{namespace="$environment", type="hard", resource="limits.cpu"})',
              'quota',
            ],
          ],
          { reference: 'request|limit|quota', detail: 'autoscaling' },
        ),
        panel(
          'Memory against request, limit and quota',
          'Working set of the chosen services, beside what they request, what they may use, and what the environment may use in all.',
          'bytes',
          [
            [`sum(container_memory_working_set_bytes{${containers}})`, 'used'],
            [
              `sum(kube_pod_container_resource_requests{${containers}, resource="memory"})`,
              'request',
            ],
            [`sum(kube_pod_container_resource_limits{${containers}, resource="memory"})`, 'limit'],
            [
              'sum(kube_resourcequota{namespace="$environment", type="hard", resource="limits.memory"})',
              'quota',
            ],
          ],
          { reference: 'request|limit|quota', detail: 'autoscaling' },
        ),
        panel(
          'Quota used',
          'Share of each ResourceQuota in use. Above 95 % new pods are about to be refused.',
          'percentunit',
          [['namespace_resource:quota:ratio{namespace="$environment"}', '{{resource}}']],
          {
            type: 'bargauge',
            max: 1,
            thresholds: [
              [0.8, 'orange'],
              [0.95, 'red'],
            ],
            detail: 'autoscaling',
          },
        ),
        panel(
          'Throttled clients',
          'Requests refused with 429 because their client made too many.',
          'reqps',
          [
            [
              'sum by (service) (rate(throttled_requests_total{namespace="$environment", service=~"$service"}[$__rate_interval]))',
              '{{service}}',
            ],
          ],
          { detail: 'service-detail' },
        ),
        panel(
          'Refused credentials',
          'Requests refused with 401, and logins of users that failed or were refused because too many had failed.',
          'reqps',
          [
            [
              'sum by (service) (rate(unauthorized_requests_total{namespace="$environment", service=~"$service"}[$__rate_interval]))',
              '{{service}} 401',
            ],
            [
              'sum by (service, outcome) (rate(logins_total{namespace="$environment", service=~"$service", outcome!="verified"}[$__rate_interval]))',
              '{{service}} logins {{outcome}}',
            ],
          ],
          { detail: 'service-detail' },
        ),
        panel(
          'Redis round trips',
          '99th percentile of the time of Redis operations, seen from the services.',
          's',
          [
            [
              quantile(
                0.99,
                'service',
                'redis_command_duration_seconds_bucket{namespace="$environment", service=~"$service"}',
              ),
              '{{service}}',
            ],
          ],
          { detail: 'redis' },
        ),
      ],
    },
  ],
);

const serviceDetail = dashboard(
  'service-detail',
  'Service detail',
  'One service of one environment, route by route and pod by pod.',
  [
    {
      title: 'Requests, failures, response times',
      panels: [
        traffic('route'),
        failures(),
        responseTimes('route'),
        panel('Failed requests by route', 'Requests answered with 5xx.', 'reqps', [
          [
            `sum by (route) (rate(http_request_duration_seconds_count${requests(', status="5xx"')}[$__rate_interval]))`,
            '{{route}}',
          ],
        ]),
        panel('In flight', 'Requests being answered, by pod.', 'short', [
          [
            'sum by (pod) (http_requests_in_flight{namespace="$environment", service=~"$service"})',
            '{{pod}}',
          ],
        ]),
        panel(
          'Limit of requests',
          'Requests refused with 429, and requests let pass uncounted because Redis was away.',
          'reqps',
          [
            [
              'sum(rate(throttled_requests_total{namespace="$environment", service=~"$service"}[$__rate_interval]))',
              'refused',
            ],
            [
              'sum(rate(throttle_failures_total{namespace="$environment", service=~"$service"}[$__rate_interval]))',
              'not counted',
            ],
          ],
        ),
      ],
    },
    {
      title: 'Redis, seen from here',
      panels: [
        panel(
          'Operations per second',
          'Redis operations by name.',
          'ops',
          [
            [
              'sum by (operation) (rate(redis_command_duration_seconds_count{namespace="$environment", service=~"$service"}[$__rate_interval]))',
              '{{operation}}',
            ],
          ],
          { width: 12 },
        ),
        panel(
          'Time of an operation',
          '99th percentile, failed operations included.',
          's',
          [
            [
              quantile(
                0.99,
                'operation',
                'redis_command_duration_seconds_bucket{namespace="$environment", service=~"$service"}',
              ),
              '{{operation}}',
            ],
          ],
          { width: 12, detail: 'redis' },
        ),
      ],
    },
    {
      title: 'Pods',
      panels: [
        panel(
          'CPU by pod',
          'Cores used. The dashed line is the limit of a pod.',
          'short',
          [
            [
              `sum by (pod) (rate(container_cpu_usage_seconds_total{${containers}}[$__rate_interval]))`,
              '{{pod}}',
            ],
            [`max(${cpuLimit('pod')})`, 'limit'],
          ],
          { reference: 'limit' },
        ),
        panel(
          'Memory by pod',
          'Working set. The dashed line is the limit of a pod.',
          'bytes',
          [
            [`sum by (pod) (container_memory_working_set_bytes{${containers}})`, '{{pod}}'],
            [`max(${memoryLimit('pod')})`, 'limit'],
          ],
          { reference: 'limit' },
        ),
        panel(
          'Event loop lag',
          '99th percentile of how late the event loop runs: above 100 ms requests wait for each other.',
          's',
          [
            [
              'max by (pod) (nodejs_eventloop_lag_p99_seconds{namespace="$environment", service=~"$service"})',
              '{{pod}}',
            ],
          ],
          { thresholds: [[0.1, 'red']] },
        ),
        panel('Heap', 'Memory of JavaScript objects, by pod.', 'bytes', [
          [
            'sum by (pod) (nodejs_heap_size_used_bytes{namespace="$environment", service=~"$service"})',
            '{{pod}}',
          ],
        ]),
        panel('Restarts', 'Containers started again within the last 10 minutes.', 'short', [
          [
            `sum by (pod) (increase(kube_pod_container_status_restarts_total{${containers}}[10m]))`,
            '{{pod}}',
          ],
        ]),
        panel(
          'Running version',
          'What each pod runs.',
          'none',
          [['build_info{namespace="$environment", service=~"$service"}', '{{version}} {{commit}}']],
          { type: 'table' },
        ),
      ],
    },
  ],
  { services: 'one' },
);

const redis = dashboard(
  'redis',
  'Redis',
  'The data of an environment: every node of its Redis.',
  [
    {
      title: 'Commands, failures, times',
      panels: [
        panel('Commands per second', 'By command, the ten busiest.', 'ops', [
          [
            `topk(10, sum by (cmd) (rate(redis_commands_total${scope}[$__rate_interval])))`,
            '{{cmd}}',
          ],
        ]),
        panel('Failed commands', 'Commands that Redis refused or that failed.', 'ops', [
          [
            `sum by (cmd) (rate(redis_commands_failed_calls_total${scope}[$__rate_interval]))`,
            '{{cmd}}',
          ],
        ]),
        panel('Time of a command', 'Mean time inside Redis, by command.', 's', [
          [
            `sum by (cmd) (rate(redis_commands_duration_seconds_total${scope}[$__rate_interval])) / sum by (cmd) (rate(redis_commands_total${scope}[$__rate_interval]) > 0)`,
            '{{cmd}}',
          ],
        ]),
      ],
    },
    {
      title: 'Nodes',
      panels: [
        panel(
          'Nodes that answer',
          'Of the nodes that Prometheus knows, those whose Redis answers.',
          'short',
          [
            [`sum(redis_up${scope})`, 'answer'],
            [`count(redis_up${scope})`, 'known'],
          ],
          { type: 'stat' },
        ),
        panel(
          'Memory',
          'Used by each node. At maxmemory Redis refuses writes.',
          'bytes',
          [
            [`redis_memory_used_bytes${scope}`, '{{pod}} used'],
            [`redis_memory_max_bytes${scope} > 0`, '{{pod}} max'],
          ],
          { reference: 'max' },
        ),
        panel('CPU', 'Cores used by each node; its main thread has one.', 'short', [
          [
            `rate(redis_cpu_user_seconds_total${scope}[$__rate_interval]) + rate(redis_cpu_sys_seconds_total${scope}[$__rate_interval])`,
            '{{pod}}',
          ],
        ]),
        panel('Clients', 'Open connections.', 'short', [
          [`redis_connected_clients${scope}`, '{{pod}}'],
        ]),
        panel('Keys', 'Keys of each database.', 'short', [
          [`redis_db_keys${scope} > 0`, '{{pod}} {{db}}'],
        ]),
        panel('Network', 'Bytes in and out.', 'Bps', [
          [`rate(redis_net_input_bytes_total${scope}[$__rate_interval])`, '{{pod}} in'],
          [`rate(redis_net_output_bytes_total${scope}[$__rate_interval])`, '{{pod}} out'],
        ]),
      ],
    },
    {
      title: 'Safety of the data',
      panels: [
        panel('Replicas', 'Replicas that each master has.', 'short', [
          [`redis_connected_slaves${scope}`, '{{pod}}'],
        ]),
        panel(
          'Replication link',
          '1 while a replica hears its master.',
          'none',
          [[`redis_master_link_up${scope}`, '{{pod}}']],
          { max: 1 },
        ),
        panel(
          'Last save',
          '1 when the last write to the append-only file, its last rewrite and the last snapshot went well.',
          'none',
          [
            [`redis_aof_last_write_status${scope}`, '{{pod}} append'],
            [`redis_aof_last_bgrewrite_status${scope}`, '{{pod}} rewrite'],
            [`redis_rdb_last_bgsave_status${scope}`, '{{pod}} snapshot'],
          ],
          { max: 1 },
        ),
        panel(
          'Volumes',
          'Share of each volume that is used, backups included. On a full one Redis can no longer save, and refuses writes.',
          'percentunit',
          [
            [
              `max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes${scope} / kubelet_volume_stats_capacity_bytes${scope})`,
              '{{persistentvolumeclaim}}',
            ],
          ],
          { max: 1, thresholds: [[0.85, 'red']] },
        ),
      ],
    },
  ],
  { services: 'none' },
);

const search = dashboard(
  'search',
  'Search',
  'The index of the search service: queries, size, and how far it lags behind the quotes.',
  [
    {
      title: 'Queries',
      panels: [
        panel('Searches per second', 'By status class.', 'reqps', [
          [
            `sum by (status) (rate(http_request_duration_seconds_count{namespace="$environment", service="search", route="/search"}[$__rate_interval]))`,
            '{{status}}',
          ],
        ]),
        panel(
          'Time in the index',
          'Median and 99th percentile by kind of query, without HTTP and Redis.',
          's',
          [0.5, 0.99].map(
            (q): Query => [
              quantile(q, 'kind', `search_query_duration_seconds_bucket${scope}`),
              `{{kind}} p${q * 100}`,
            ],
          ),
        ),
        panel(
          'Response time',
          'Median, 95th and 99th percentile of a search, as its client sees it.',
          's',
          [0.5, 0.95, 0.99].map(
            (q): Query => [
              `histogram_quantile(${q}, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="$environment", service="search", route="/search"}[$__rate_interval])))`,
              `p${q * 100}`,
            ],
          ),
          { detail: 'service-detail', service: 'search' },
        ),
      ],
    },
    {
      title: 'Queue',
      panels: [
        panel('Waiting searches', 'Searches that wait for the index of each replica.', 'short', [
          [`search_queue_length${scope}`, '{{pod}}'],
        ]),
        panel('Refused searches', 'Searches a second that were not answered, by reason.', 'reqps', [
          [`sum by (reason) (rate(search_refused_total${scope}[$__rate_interval]))`, '{{reason}}'],
        ]),
        panel(
          'Silence of the index',
          'Time since the thread that holds the index last said how it is.',
          's',
          [[`search_index_silent_seconds${scope}`, '{{pod}}']],
          { thresholds: [[10, 'red']] },
        ),
      ],
    },
    {
      title: 'Index',
      panels: [
        panel(
          'Documents',
          'Quotes in the index of each replica: the same number everywhere.',
          'short',
          [[`search_index_documents${scope}`, '{{pod}}']],
        ),
        panel('Terms', 'Different words in the index.', 'short', [
          [`search_index_terms${scope}`, '{{pod}}'],
        ]),
        panel('Size', 'Bytes of the index.', 'bytes', [[`search_index_bytes${scope}`, '{{pod}}']]),
      ],
    },
    {
      title: 'Lag',
      panels: [
        panel(
          'Lag',
          'Age of the oldest change of a quote that the index has yet to apply.',
          's',
          [[`search_index_lag_seconds${scope}`, '{{pod}}']],
          { thresholds: [[5, 'red']] },
        ),
        panel(
          'Lag in changes',
          'Changes of quotes that the index has yet to apply.',
          'short',
          [[`search_index_lag_entries${scope}`, '{{pod}}']],
          { thresholds: [[1000, 'red']] },
        ),
        panel(
          'Resyncs and snapshots',
          'Comparisons with all quotes in the last hour; age of the newest snapshot.',
          'short',
          [
            [`increase(search_index_resyncs_total${scope}[1h])`, '{{pod}} resyncs'],
            [`max(search_snapshot_age_seconds${scope}) / 3600`, 'snapshot age, hours'],
          ],
        ),
      ],
    },
  ],
  { services: 'none' },
);

const autoscaling = dashboard(
  'autoscaling',
  'Autoscaling',
  'Replicas, what makes them more or fewer, and how many more the quota allows.',
  [
    {
      title: 'Load and replicas',
      panels: [
        panel(
          'Requests per second',
          'The load that the autoscaler answers to.',
          'reqps',
          [
            [
              `sum by (service) (rate(http_request_duration_seconds_count{namespace="$environment", route!~"/(healthz|readyz|version|metrics)"}[$__rate_interval]))`,
              '{{service}}',
            ],
          ],
          { width: 12, detail: 'service-detail' },
        ),
        replicas,
      ],
    },
    {
      title: 'CPU',
      panels: [
        panel(
          'CPU against the target',
          'CPU used as a share of what is requested; the autoscaler holds it at the dashed line.',
          'percentunit',
          [
            [
              `sum by (container) (rate(container_cpu_usage_seconds_total{namespace="$environment", pod=~".+-deployment-.+", container!=""}[$__rate_interval])) / sum by (container) (kube_pod_container_resource_requests{namespace="$environment", pod=~".+-deployment-.+", resource="cpu"})`,
              '{{container}}',
            ],
            [
              `max(kube_horizontalpodautoscaler_spec_target_metric{namespace="$environment", metric_target_type="utilization"}) / 100`,
              'target',
            ],
          ],
          { width: 12, reference: 'target' },
        ),
        panel(
          'Throttled pods',
          'Share of the scheduling periods in which a pod wanted more CPU than its limit.',
          'percentunit',
          [
            [
              `sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{namespace="$environment", container!=""}[$__rate_interval])) / sum by (pod) (rate(container_cpu_cfs_periods_total{namespace="$environment", container!=""}[$__rate_interval]) > 0)`,
              '{{pod}}',
            ],
          ],
          { width: 12, max: 1, thresholds: [[0.25, 'orange']] },
        ),
      ],
    },
    {
      title: 'Room',
      panels: [
        panel(
          'Quota left',
          'What the ResourceQuota still allows, as a share.',
          'percentunit',
          [['1 - namespace_resource:quota:ratio{namespace="$environment"}', '{{resource}}']],
          {
            type: 'bargauge',
            width: 12,
            max: 1,
            thresholds: [
              [0, 'red'],
              [0.05, 'orange'],
              [0.2, 'green'],
            ],
          },
        ),
        panel(
          'Pods that wait',
          'Pods that no node has room for, or whose image is being fetched.',
          'short',
          [
            [
              'sum by (namespace) (kube_pod_status_phase{namespace="$environment", phase="Pending"})',
              'pending',
            ],
          ],
          { width: 12 },
        ),
      ],
    },
  ],
  { services: 'none' },
);

const shop = dashboard(
  'shop',
  'Shop',
  'The storefront PrivRocket: pages, orders, payments, and the pods that serve them.',
  [
    {
      title: 'Pages',
      panels: [
        panel('Pages per second', 'By route.', 'reqps', [
          [
            `sum by (route) (rate(http_request_duration_seconds_count{namespace="$environment", service="shop", route!~"/(healthz|readyz|version|metrics)"}[$__rate_interval]))`,
            '{{route}}',
          ],
        ]),
        panel(
          'Failed pages',
          'Share of pages answered with 5xx over 5 minutes. The line is the objective: 0.1 %.',
          'percentunit',
          [
            [
              'namespace_service:http_request_errors:ratio_rate5m{namespace="$environment", service="shop"}',
              'failed',
            ],
          ],
          { thresholds: errorBudget },
        ),
        panel(
          'Response time',
          'Median, 95th and 99th percentile of a page.',
          's',
          [0.5, 0.95, 0.99].map(
            (q): Query => [
              `histogram_quantile(${q}, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="$environment", service="shop", route!~"/(healthz|readyz|version|metrics)"}[$__rate_interval])))`,
              `p${q * 100}`,
            ],
          ),
          { detail: 'service-detail', service: 'shop' },
        ),
      ],
    },
    {
      title: 'Sales',
      panels: [
        panel(
          'Orders in the last hour',
          'Orders placed (created), and orders that came to be paid, failed, expired or refunded.',
          'short',
          [[`sum by (state) (increase(shop_orders_total${scope}[1h]))`, '{{state}}']],
        ),
        panel(
          'Payment pages',
          'Visits to the payment provider that began, and those that failed because it opened no page.',
          'reqps',
          [
            [
              `sum by (outcome) (rate(shop_payment_pages_total${scope}[$__rate_interval]))`,
              '{{outcome}}',
            ],
          ],
        ),
        panel(
          'Payment events in the last hour',
          'What became of the events of the payment provider. Refused (a wrong amount) and unknown (no such order) never happen while all is well; unsigned ones may come from anybody.',
          'short',
          [[`sum by (outcome) (increase(shop_payment_events_total${scope}[1h]))`, '{{outcome}}']],
        ),
      ],
    },
    {
      title: 'Catalogue and pods',
      panels: [
        panel(
          'Catalogue reads',
          'Catalogue pages and products read from the quotes and search services, or from what the shop remembers while these are away.',
          'ops',
          [
            [
              `sum by (source) (rate(shop_catalogue_reads_total${scope}[$__rate_interval]))`,
              '{{source}}',
            ],
          ],
          { width: 12 },
        ),
        replicas,
      ],
    },
  ],
  { services: 'none', environment: 'privrocket-preprod' },
);

const folder = process.argv[2] ?? 'deploy/overlays/monitoring/grafana/dashboards';
for (const one of [overview, serviceDetail, redis, search, autoscaling, shop]) {
  writeFileSync(`${folder}/${one.uid}.json`, `${JSON.stringify(one, null, 2)}\n`);
}
