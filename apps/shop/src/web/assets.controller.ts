import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { ProblemError } from '#libs/problem/problem.ts';
import { type Asset, ICON, STYLE } from './assets.ts';
import { sendZipped } from './page.reply.ts';

const ASSETS = new Map([STYLE, ICON].map((asset) => [asset.path, asset]));

const DAY = 'public, max-age=86400';

/** What belongs to one visitor is of no use to others, and a demo shop sells nothing. */
const ROBOTS = {
  demo: 'User-agent: *\nDisallow: /\n',
  real: `User-agent: *
Disallow: /cart
Disallow: /checkout
Disallow: /orders
Disallow: /your-order
`,
};

/** The files that pages refer to, and those that every site is asked for. */
@ApiExcludeController()
@SkipThrottle()
@Controller()
export class AssetsController {
  @Get('assets/:digest/:file')
  send(@Param('digest') digest: string, @Param('file') file: string, @Res() reply: FastifyReply) {
    const asset = ASSETS.get(`/assets/${digest}/${file}`);
    if (!asset) throw new ProblemError('not-found');
    sendAsset(reply, asset, 'public, max-age=31536000, immutable');
  }

  /** Browsers ask for it without having been told of it. */
  @Get('favicon.ico')
  icon(@Res() reply: FastifyReply) {
    sendAsset(reply, ICON, DAY);
  }

  @Get('robots.txt')
  robots(@Res() reply: FastifyReply) {
    reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('cache-control', DAY)
      .send(reply.server.demo ? ROBOTS.demo : ROBOTS.real);
  }
}

function sendAsset(reply: FastifyReply, asset: Asset, cacheControl: string): void {
  reply
    .header('content-type', asset.type)
    .header('cache-control', cacheControl)
    .header('vary', 'accept-encoding');
  sendZipped(reply, asset.body, () => asset.gzip);
}
