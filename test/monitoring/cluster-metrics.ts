/**
 * The metrics that only a cluster exports, and by what: the proof has no kubelet, no API server and
 * no replica of Redis. The names are those of the programs' own documentation; a metric of ours can
 * never be in this list.
 */
const exporters: Record<string, string[]> = {
  'the kubelet (cAdvisor)': [
    'container_cpu_usage_seconds_total',
    'container_cpu_cfs_periods_total',
    'container_cpu_cfs_throttled_periods_total',
    'container_memory_working_set_bytes',
  ],
  'the kubelet': ['kubelet_volume_stats_capacity_bytes', 'kubelet_volume_stats_used_bytes'],
  'kube-state-metrics': [
    'kube_horizontalpodautoscaler_spec_max_replicas',
    'kube_horizontalpodautoscaler_spec_min_replicas',
    'kube_horizontalpodautoscaler_spec_target_metric',
    'kube_horizontalpodautoscaler_status_current_replicas',
    'kube_horizontalpodautoscaler_status_desired_replicas',
    'kube_pod_container_resource_limits',
    'kube_pod_container_resource_requests',
    'kube_pod_container_status_last_terminated_reason',
    'kube_pod_container_status_restarts_total',
    'kube_pod_container_status_running',
    'kube_pod_container_status_waiting_reason',
    'kube_pod_status_phase',
    'kube_resourcequota',
  ],
  'a replica of Redis': ['redis_master_link_up'],
};

/** What exports each of them. */
export const clusterMetrics = new Map(
  Object.entries(exporters).flatMap(([exporter, names]) =>
    names.map((name) => [name, exporter] as const),
  ),
);
