/**
 * `node deploy/overlays/monitoring/grafana/dashboards.ts [FOLDER]` writes every dashboard as
 * `dashboards/*.json`, or into the folder named.
 */
import { writeFileSync } from 'node:fs';
import { autoscaling } from './autoscaling.dashboard.ts';
import { overview } from './platform-overview.dashboard.ts';
import { redis } from './redis.dashboard.ts';
import { search } from './search.dashboard.ts';
import { serviceDetail } from './service-detail.dashboard.ts';
import { shop } from './shop.dashboard.ts';

const folder = process.argv[2] ?? 'deploy/overlays/monitoring/grafana/dashboards';
for (const one of [overview, serviceDetail, redis, search, autoscaling, shop]) {
  writeFileSync(`${folder}/${one.uid}.json`, `${JSON.stringify(one, null, 2)}\n`);
}
