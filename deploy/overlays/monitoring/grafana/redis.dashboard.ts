import { dashboard, panel } from './dashboard.builder.ts';
import { scope } from './selectors.ts';

/** The nodes of an environment's Redis. */
export const redis = dashboard(
  'redis',
  'Redis',
  'The data of an environment: every node of its Redis.',
  [
    {
      title: 'Commands, failures, times',
      panels: [
        panel('Commands per second', 'By command, the ten busiest.', 'ops', [
          [
            `topk(10, sum by (cmd) (rate(redis_commands_total${scope}[$__rate_interval])))`,
            '{{cmd}}',
          ],
        ]),
        panel('Failed commands', 'Commands that Redis refused or that failed.', 'ops', [
          [
            `sum by (cmd) (rate(redis_commands_failed_calls_total${scope}[$__rate_interval]))`,
            '{{cmd}}',
          ],
        ]),
        panel('Time of a command', 'Mean time inside Redis, by command.', 's', [
          [
            `sum by (cmd) (rate(redis_commands_duration_seconds_total${scope}[$__rate_interval])) / sum by (cmd) (rate(redis_commands_total${scope}[$__rate_interval]) > 0)`,
            '{{cmd}}',
          ],
        ]),
      ],
    },
    {
      title: 'Nodes',
      panels: [
        panel(
          'Nodes that answer',
          'Of the nodes that Prometheus knows, those whose Redis answers.',
          'short',
          [
            [`sum(redis_up${scope})`, 'answer'],
            [`count(redis_up${scope})`, 'known'],
          ],
          { type: 'stat' },
        ),
        panel(
          'Memory',
          'Used by each node. At maxmemory Redis refuses writes.',
          'bytes',
          [
            [`redis_memory_used_bytes${scope}`, '{{pod}} used'],
            [`redis_memory_max_bytes${scope} > 0`, '{{pod}} max'],
          ],
          { reference: 'max' },
        ),
        panel('CPU', 'Cores used by each node; its main thread has one.', 'short', [
          [
            `rate(redis_cpu_user_seconds_total${scope}[$__rate_interval]) + rate(redis_cpu_sys_seconds_total${scope}[$__rate_interval])`,
            '{{pod}}',
          ],
        ]),
        panel('Clients', 'Open connections.', 'short', [
          [`redis_connected_clients${scope}`, '{{pod}}'],
        ]),
        panel('Keys', 'Keys of each database.', 'short', [
          [`redis_db_keys${scope} > 0`, '{{pod}} {{db}}'],
        ]),
        panel('Network', 'Bytes in and out.', 'Bps', [
          [`rate(redis_net_input_bytes_total${scope}[$__rate_interval])`, '{{pod}} in'],
          [`rate(redis_net_output_bytes_total${scope}[$__rate_interval])`, '{{pod}} out'],
        ]),
      ],
    },
    {
      title: 'Safety of the data',
      panels: [
        panel('Replicas', 'Replicas that each master has.', 'short', [
          [`redis_connected_slaves${scope}`, '{{pod}}'],
        ]),
        panel(
          'Replication link',
          '1 while a replica hears its master.',
          'none',
          [[`redis_master_link_up${scope}`, '{{pod}}']],
          { max: 1 },
        ),
        panel(
          'Last save',
          '1 when the last write to the append-only file, its last rewrite and the last ' +
            'snapshot went well.',
          'none',
          [
            [`redis_aof_last_write_status${scope}`, '{{pod}} append'],
            [`redis_aof_last_bgrewrite_status${scope}`, '{{pod}} rewrite'],
            [`redis_rdb_last_bgsave_status${scope}`, '{{pod}} snapshot'],
          ],
          { max: 1 },
        ),
        panel(
          'Volumes',
          'Share of each volume that is used, backups included. On a full one Redis can no ' +
            'longer save, and refuses writes.',
          'percentunit',
          [
            [
              `max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes${scope} / kubelet_volume_stats_capacity_bytes${scope})`,
              '{{persistentvolumeclaim}}',
            ],
          ],
          { max: 1, thresholds: [[0.85, 'red']] },
        ),
      ],
    },
  ],
  { services: 'none' },
);
