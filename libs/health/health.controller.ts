import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService } from '@nestjs/terminus';
import { SkipThrottle } from '@nestjs/throttler';
import { VERSION } from '#libs/config/version.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { PROBLEMS } from '#libs/problem/problem.catalogue.ts';
import { healthSchema, readinessSchema, versionSchema } from './health.schema.ts';
import { ReadinessService } from './readiness.service.ts';

/** Answers what Kubernetes and operators ask a service about itself. */
@ApiTags('operations')
@SkipThrottle()
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: ReadinessService,
  ) {}

  @Get('healthz')
  @ApiOperation({ summary: 'Whether the process is alive; says nothing of Redis' })
  @ApiAnswer(200, healthSchema)
  healthz() {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({
    summary:
      'Whether the service can take requests: Redis is up, the index is loaded, it is not ' +
      'shutting down; `degraded` when Redis is full and refuses writes',
  })
  @ApiAnswer(200, readinessSchema)
  @ApiProblem('not-ready')
  async readyz() {
    const [report, isFull] = await Promise.all([
      this.health.check(this.readiness.probes()),
      this.readiness.isFull(),
    ]);
    // The service still serves reads; a balancer that took it out would leave no service at all.
    return isFull ? { ...report, status: 'degraded', reason: PROBLEMS.full.title } : report;
  }

  @Get('version')
  @ApiOperation({ summary: 'What is running' })
  @ApiAnswer(200, versionSchema)
  version() {
    return VERSION;
  }
}
