/** Panels that several dashboards show. */
import { panel, type Query } from './dashboard.builder.ts';
import { quantile, requests, scope } from './selectors.ts';

/** The objective of failed requests, as a line. */
export const errorBudget: [number, string][] = [[0.001, 'red']];

/**
 * Requests per second, by a label and by status.
 * @param detail the dashboard that a click leads to
 */
export const traffic = (by: string, detail?: string) =>
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
/**
 * Share of failed requests of each chosen service. @param detail dashboard that a click leads to
 */
export const failures = (detail?: string) =>
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
/**
 * Quantiles of the response time, by a label.
 * @param detail the dashboard that a click leads to
 */
export const responseTimes = (by: string, detail?: string) =>
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
/** Pods beside what the autoscaler wants and may have. */
export const replicas = panel(
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
