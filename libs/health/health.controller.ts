import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService } from '@nestjs/terminus';
import { ApiAnswer, ApiProblem } from '#libs/service/openapi.decorators.ts';
import { Unlimited } from '#libs/throttling/unlimited.decorator.ts';
import { healthSchema, readinessSchema, versionSchema } from './health.schema.ts';
import { ReadinessService } from './readiness.service.ts';
import { VERSION } from './version.ts';

/** What Kubernetes and people ask a service about itself. */
@ApiTags('operations')
@Unlimited()
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
    summary: 'Whether the service can take requests: Redis is up, the index is loaded, it is not shutting down',
  })
  @ApiAnswer(200, readinessSchema)
  @ApiProblem('not-ready')
  readyz() {
    return this.health.check(this.readiness.probes());
  }

  @Get('version')
  @ApiOperation({ summary: 'What is running' })
  @ApiAnswer(200, versionSchema)
  version() {
    return VERSION;
  }
}
