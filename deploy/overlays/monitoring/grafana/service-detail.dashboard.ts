import { failures, responseTimes, traffic } from './common.panels.ts';
import { dashboard, panel } from './dashboard.builder.ts';
import { containers, cpuLimit, memoryLimit, quantile, requests } from './selectors.ts';

/** One service, route by route and pod by pod: where the overview leads to. */
export const serviceDetail = dashboard(
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
              'sum(rate(throttled_requests_total{namespace="$environment", ' +
                'service=~"$service"}[$__rate_interval]))',
              'refused',
            ],
            [
              'sum(rate(throttle_failures_total{namespace="$environment", ' +
                'service=~"$service"}[$__rate_interval]))',
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
          '99th percentile of how late the event loop runs: above 100 ms requests wait for ' +
            'each other.',
          's',
          [
            [
              'max by (pod) (nodejs_eventloop_lag_p99_seconds{namespace="$environment", ' +
                'service=~"$service"})',
              '{{pod}}',
            ],
          ],
          { thresholds: [[0.1, 'red']] },
        ),
        panel('Heap', 'Memory of JavaScript objects, by pod.', 'bytes', [
          [
            'sum by (pod) (nodejs_heap_size_used_bytes{namespace="$environment", ' +
              'service=~"$service"})',
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
