import { dashboard, panel, type Query } from './dashboard.builder.ts';
import { quantile, scope } from './selectors.ts';

/** The index of the search service. */
export const search = dashboard(
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
