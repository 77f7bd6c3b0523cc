/**
 * The short form of a dashboard, typed by Grafana's published schema: a panel is four lines instead
 * of sixty, and all of them look and link alike.
 */
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

import { alerts, scope } from './selectors.ts';

type Unit = 'reqps' | 's' | 'percentunit' | 'bytes' | 'short' | 'none' | 'Bps' | 'ops';

/** One query: PromQL, and how its series are called. */
export type Query = [expr: string, legend: string];

interface PanelOptions {
  /** Lines drawn across the panel: value and colour. */
  thresholds?: [value: number, colour: string][];
  /**
   * Series that are limits and not measurements, by a regular expression on their name: drawn
   * dashed.
   */
  reference?: string;
  /** Dashboard that a click on a series leads to. */
  detail?: string;
  /** Service that it shows then; else the one that the series is labelled with. */
  service?: string;
  type?: 'timeseries' | 'stat' | 'bargauge' | 'table';
  max?: number;
  stacked?: boolean;
  /** In units of a 24th of the screen's width. */
  width?: number;
}

interface Row {
  title: string;
  panels: Panel[];
}

const datasource = { type: 'prometheus', uid: 'prometheus' };
const PANEL_HEIGHT = 7;

/**
 * A panel, which dashboard() puts in its place.
 * @param description what it shows, for readers who hover over its title
 */
export function panel(
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
    gridPos: { x: 0, y: 0, w: width, h: PANEL_HEIGHT },
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
        y += PANEL_HEIGHT;
      }
      id += 1;
      const at = { ...one, id, gridPos: { x, y, w: width, h: PANEL_HEIGHT } };
      x += width;
      return at;
    });
    y += PANEL_HEIGHT;
    return [row, ...placed];
  });
}

/**
 * A dashboard of rows of panels, with the variables, annotations and links that all of them have.
 * @param services whether its reader chooses several services, one, or none
 * @param environment that it shows at first
 */
export function dashboard(
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
