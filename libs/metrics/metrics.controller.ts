import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { PrometheusController } from '@willsoto/nestjs-prometheus';
import type { FastifyReply } from 'fastify';

/** The metrics of this process. */
@ApiTags('operations')
@SkipThrottle()
@Controller('metrics')
export class MetricsController extends PrometheusController {
  @Get()
  @ApiOperation({
    // The method has the name that it overrides.
    operationId: 'getMetrics',
    summary: 'Metrics of this process, for Prometheus',
    description: 'Requests, Redis, memory and what else the dashboards show.',
  })
  @ApiOkResponse({
    content: { 'text/plain': { schema: { type: 'string' } } },
    description: 'Prometheus text format',
  })
  override index(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    return super.index(reply);
  }
}
