import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import type { Config } from '#libs/config/config.ts';
import { VERSION } from '#libs/config/version.ts';
import { MetricsController } from './metrics.controller.ts';
import { buildInfo } from './metrics.ts';

/** `GET /metrics` in the Prometheus text format, with process and Node metrics. */
@Module({})
export class MetricsModule {
  static forRoot(config: Config): DynamicModule {
    buildInfo.labels(config.service, VERSION.version, VERSION.commit, process.version).set(1);
    return {
      module: MetricsModule,
      imports: [PrometheusModule.register({ controller: MetricsController, defaultMetrics: { enabled: true } })],
    };
  }
}
