import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const overlay = 'deploy/overlays/monitoring';

/** One recording or alerting rule. */
export interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** One query of a dashboard. */
export interface PanelQuery {
  dashboard: string;
  panel: string;
  expr: string;
}

/** Files with rules, as Prometheus loads them. */
export const ruleFiles = readdirSync(`${overlay}/prometheus`)
  .filter((file) => file.endsWith('.rules.yml'))
  .map((file) => `${overlay}/prometheus/${file}`);

/** A YAML file, parsed, its aliases resolved. */
// biome-ignore lint/suspicious/noExplicitAny: its program documents the shape of a configuration
export const load = (file: string): any => parse(readFileSync(file, 'utf8'), { merge: true });

/** All rules. */
export const rules: Rule[] = ruleFiles.flatMap((file) =>
  (load(file).groups as { rules: Rule[] }[]).flatMap((group) => group.rules),
);

/** All dashboards. */
export const dashboards = readdirSync(`${overlay}/grafana/dashboards`).map((file) =>
  JSON.parse(readFileSync(`${overlay}/grafana/dashboards/${file}`, 'utf8')),
);

/** Every query of every panel. */
export const panelQueries: PanelQuery[] = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap(
    ({ title: panel, targets = [] }: { title: string; targets?: { expr: string }[] }) =>
      targets.map(({ expr }) => ({ dashboard: title, panel, expr })),
  ),
);

/** How many times faster than in production the test runs. */
export const haste = 60;

const milliseconds: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const shorter = (amount: string, unit: string) =>
  `${Math.round((Number(amount) * (milliseconds[unit] ?? 1)) / haste)}ms`;

/**
 * A configuration in which every duration, also those in the ranges of expressions, is that many
 * times shorter.
 */
export function hasten<T>(configuration: T): T {
  const text = JSON.stringify(configuration)
    .replace(/"(\d+)([smhd])"/g, (_, amount, unit) => `"${shorter(amount, unit)}"`)
    .replace(/\[(\d+)([smhd])\]/g, (_, amount, unit) => `[${shorter(amount, unit)}]`);
  return JSON.parse(text);
}

/** The metrics that a PromQL expression names. */
export function metricsOf(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replace(/\b(and|or|unless|offset|bool)\b/g, ' ')
    .replace(/\b[a-z_]\w*\s*\(/g, ' ');
  return [...new Set(bare.match(/\b[a-z_][\w:]*/g) ?? [])].filter((name) => !/^\d/.test(name));
}
