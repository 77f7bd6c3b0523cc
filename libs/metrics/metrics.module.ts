import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { Gauge } from 'prom-client';
import type { Config } from '#libs/config/config.ts';
import { VERSION } from '#libs/config/version.ts';
import { MetricsController } from './metrics.controller.ts';

const buildInfo = new Gauge({
  name: 'build_info',
  help: 'Always 1; the labels say what is running',
  labelNames: ['service', 'version', 'commit', 'node'] as const,
});

/** `GET /metrics` in the Prometheus text format, with process and Node metrics. */
@Module({})
export class MetricsModule {
  static forRoot(config: Config): DynamicModule {
    buildInfo.labels(config.service, VERSION.version, VERSION.commit, process.version).set(1);
    return {
      module: MetricsModule,
      imports: [
        PrometheusModule.register({
          controller: MetricsController,
          defaultMetrics: { enabled: true },
        }),
      ],
    };
  }
}
