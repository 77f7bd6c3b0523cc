import { failures, responseTimes, traffic } from './common.panels.ts';
import { dashboard, panel } from './dashboard.builder.ts';
import { alerts, containers, quantile, requests } from './selectors.ts';

const REQUEST_BUCKETS = `http_request_duration_seconds_bucket${requests()}`;

/** The state of all services of an environment: the dashboard to begin with. */
export const overview = dashboard(
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
              `topk(10, ${quantile(0.99, 'service, route', REQUEST_BUCKETS)})`,
              '{{service}} {{route}}',
            ],
          ],
          { detail: 'service-detail' },
        ),
        panel(
          'Error budget left',
          'Of the failures that the objective of 99.9 % allows in 30 days, the share not yet ' +
            'used. Below zero the objective is missed.',
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
          'What Alertmanager has mailed about, of the environment and of what all ' +
            'environments share; what to do is in docs/operations.md.',
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
          'Cores used by the chosen services, beside what they request, what they may use, ' +
            'and what the environment may use in all.',
          'short',
          [
            [
              `sum(rate(container_cpu_usage_seconds_total{${containers}}[$__rate_interval]))`,
              'used',
            ],
            [`sum(kube_pod_container_resource_requests{${containers}, resource="cpu"})`, 'request'],
            [`sum(kube_pod_container_resource_limits{${containers}, resource="cpu"})`, 'limit'],
            [
              'sum(kube_resourcequota{namespace="$environment", type="hard", ' +
                'resource="limits.cpu"})',
              'quota',
            ],
          ],
          { reference: 'request|limit|quota', detail: 'autoscaling' },
        ),
        panel(
          'Memory against request, limit and quota',
          'Working set of the chosen services, beside what they request, what they may use, ' +
            'and what the environment may use in all.',
          'bytes',
          [
            [`sum(container_memory_working_set_bytes{${containers}})`, 'used'],
            [
              `sum(kube_pod_container_resource_requests{${containers}, resource="memory"})`,
              'request',
            ],
            [`sum(kube_pod_container_resource_limits{${containers}, resource="memory"})`, 'limit'],
            [
              'sum(kube_resourcequota{namespace="$environment", type="hard", ' +
                'resource="limits.memory"})',
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
              'sum by (service) (rate(throttled_requests_total{namespace="$environment", ' +
                'service=~"$service"}[$__rate_interval]))',
              '{{service}}',
            ],
          ],
          { detail: 'service-detail' },
        ),
        panel(
          'Refused credentials',
          'Requests refused with 401, and logins of users that failed or were refused because ' +
            'too many had failed.',
          'reqps',
          [
            [
              'sum by (service) (rate(unauthorized_requests_total{namespace="$environment", ' +
                'service=~"$service"}[$__rate_interval]))',
              '{{service}} 401',
            ],
            [
              'sum by (service, outcome) (rate(logins_total{namespace="$environment", ' +
                'service=~"$service", outcome!="verified"}[$__rate_interval]))',
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
