import { errorBudget, replicas } from './common.panels.ts';
import { dashboard, panel, type Query } from './dashboard.builder.ts';
import { scope } from './selectors.ts';

/** The storefront: pages, orders and payments. */
export const shop = dashboard(
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
          'Orders placed (created), and orders that came to be paid, failed, expired, refunded ' +
            'or disputed, or lost their money by a dispute.',
          'short',
          [[`sum by (state) (increase(shop_orders_total${scope}[1h]))`, '{{state}}']],
        ),
        panel(
          'Payment pages',
          'Visits to the payment provider that began, and those that failed because it opened ' +
            'no page.',
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
          'What became of the events of the payment provider. Refused (a wrong amount) and ' +
            'unknown (no such order) never happen while all is well; unsigned ones may come ' +
            'from anybody.',
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
          'Catalogue pages and products read from the quotes and search services, or from ' +
            'what the shop remembers while these are away.',
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
