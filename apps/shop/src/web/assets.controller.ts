import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '#libs/problem/problem.ts';
import { ICON, STYLE } from './assets.ts';
import { acceptsGzip } from './page.reply.ts';

const ASSETS = new Map([STYLE, ICON].map((asset) => [asset.path, asset]));

/** The files that pages refer to. */
@ApiExcludeController()
@SkipThrottle()
@Controller('assets')
export class AssetsController {
  @Get(':digest/:file')
  send(
    @Param('digest') digest: string,
    @Param('file') file: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const asset = ASSETS.get(`/assets/${digest}/${file}`);
    if (!asset) throw new ProblemError('not-found');
    const zipped = acceptsGzip(request);
    reply.header('content-type', asset.type);
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    reply.header('vary', 'accept-encoding');
    if (zipped) reply.header('content-encoding', 'gzip');
    reply.send(zipped ? asset.gzip : asset.body);
  }
}
