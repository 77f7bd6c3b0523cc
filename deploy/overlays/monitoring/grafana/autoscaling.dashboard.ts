import { replicas } from './common.panels.ts';
import { dashboard, panel } from './dashboard.builder.ts';

/** Replicas, what makes them more or fewer, and the room that the quota leaves. */
export const autoscaling = dashboard(
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
              'sum by (namespace) (kube_pod_status_phase{namespace="$environment", ' +
                'phase="Pending"})',
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
