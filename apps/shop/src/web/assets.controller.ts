import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { ProblemError } from '#libs/problem/problem.ts';
import { ICON, STYLE } from './assets.ts';
import { sendZipped } from './page.reply.ts';

const ASSETS = new Map([STYLE, ICON].map((asset) => [asset.path, asset]));

/** The files that pages refer to. */
@ApiExcludeController()
@SkipThrottle()
@Controller('assets')
export class AssetsController {
  @Get(':digest/:file')
  send(@Param('digest') digest: string, @Param('file') file: string, @Res() reply: FastifyReply) {
    const asset = ASSETS.get(`/assets/${digest}/${file}`);
    if (!asset) throw new ProblemError('not-found');
    reply.header('content-type', asset.type);
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    reply.header('vary', 'accept-encoding');
    sendZipped(reply, asset.body, () => asset.gzip);
  }
}
