import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ProblemError } from '#libs/problem/problem.ts';
import { sendPage } from '../web/page.reply.ts';
import { LEGAL_PAGES } from './legal.page.ts';

/** The legal pages. */
@ApiExcludeController()
@Controller('legal')
export class LegalController {
  @Get(':name')
  show(@Param('name') name: string, @Res() reply: FastifyReply) {
    const page = LEGAL_PAGES.get(name);
    if (!page) throw new ProblemError('not-found');
    sendPage(reply, page);
  }
}
