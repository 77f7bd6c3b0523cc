import { Controller, Get } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { HealthCheckService } from '@nestjs/terminus';
import { SkipThrottle } from '@nestjs/throttler';
import { VERSION } from '#libs/config/version.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { PROBLEMS } from '#libs/problem/problem.catalogue.ts';
import { healthSchema, readinessSchema, versionSchema } from './health.schema.ts';
import { ReadinessService } from './readiness.service.ts';

/** Answers what Kubernetes and operators ask a service about itself. */
@ApiTag('operations')
@SkipThrottle()
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: ReadinessService,
  ) {}

  @Get('healthz')
  @ApiOperation({
    summary: 'Whether the process is alive',
    description:
      'Answers as long as the process can answer at all, also while Redis is away: to restart ' +
      'the service would not bring Redis back.',
  })
  @ApiAnswer(200, healthSchema)
  getHealth() {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({
    summary: 'Whether the service can take requests',
    description:
      'It can when Redis is up, the index is loaded, and it is not shutting down. It is ' +
      '`degraded` when Redis is full and refuses writes.',
  })
  @ApiAnswer(200, readinessSchema)
  @ApiProblem('not-ready')
  async getReadiness() {
    const [report, isFull] = await Promise.all([
      this.health.check(this.readiness.probes()),
      this.readiness.isFull(),
    ]);
    // The service still serves reads; a balancer that took it out would leave no service at all.
    return isFull ? { ...report, status: 'degraded', reason: PROBLEMS.full.title } : report;
  }

  @Get('version')
  @ApiOperation({
    summary: 'What is running',
    description: 'The version of the platform, and the commit that the service was built from.',
  })
  @ApiAnswer(200, versionSchema)
  getVersion() {
    return VERSION;
  }
}
