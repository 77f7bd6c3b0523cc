/** What the queries of all dashboards select by, in PromQL. */

/** Requests of people and programs, without probes and scrapes. */
export const requests = (more = '') =>
  `{namespace="$environment", service=~"$service"${more}, route!~"/(healthz|readyz|version|metrics)"}`;
/** Everything of the chosen environment. */
export const scope = '{namespace="$environment"}';
/**
 * The alerts of the environment, and of what all environments share: nodes, Traefik, the monitoring
 * itself, and targets that are missing.
 */
export const alerts =
  '{alertstate="firing", severity!="none", ' +
  'namespace=~"$environment|kube-system|traefik|monitoring|"}';
/** Containers of the chosen services: each is called like its service. */
export const containers = 'namespace="$environment", container=~"$service"';
/**
 * A quantile of a histogram, by labels.
 * @param series the name of its buckets, with a selector
 */
export const quantile = (q: number, by: string, series: string) =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${series}[$__rate_interval])))`;

/** Cores that the chosen containers may use, by labels. */
export const cpuLimit = (by: string) =>
  `sum by (${by}) (kube_pod_container_resource_limits{${containers}, resource="cpu"})`;
/** Bytes that the chosen containers may use, by labels. */
export const memoryLimit = (by: string) =>
  `sum by (${by}) (kube_pod_container_resource_limits{${containers}, resource="memory"})`;
