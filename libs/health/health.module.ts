import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { Config } from '#libs/config/config.ts';
import { HealthController } from './health.controller.ts';
import { ReadinessService } from './readiness.service.ts';

/**
 * Serves `/healthz`, `/readyz` and `/version`. On SIGTERM readiness fails for `DRAIN_SECONDS`
 * before the server closes.
 */
@Global()
@Module({})
export class HealthModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: HealthModule,
      imports: [
        TerminusModule.forRoot({
          gracefulShutdownTimeoutMs: config.DRAIN_SECONDS * 1000,
          logger: false,
        }),
      ],
      controllers: [HealthController],
      providers: [ReadinessService],
      exports: [ReadinessService],
    };
  }
}
