import { applyDecorators, Header } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { ApiMedia } from '#libs/openapi/openapi.decorators.ts';

/** A card that is opened by itself may load and run nothing, and has its own style. */
const CARD_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The answer of a handler is a quote as plain text. */
export function AnswersText(summary: string) {
  return applyDecorators(
    Header('content-type', 'text/plain; charset=utf-8'),
    ApiOperation({
      summary,
      description: 'The text, and where it is known a last line with the author and the source.',
    }),
    ApiMedia('text/plain', 'Tonnerre de Brest !\n\u2014 Archibald Haddock\n'),
  );
}

/** The answer of a handler is a quote as a card. */
export function AnswersCard(summary: string) {
  return applyDecorators(
    Header('content-type', 'image/svg+xml; charset=utf-8'),
    Header('content-security-policy', CARD_POLICY),
    ApiOperation({
      summary,
      description:
        'A picture in SVG, 800 pixels wide, for web pages and READMEs. It is light or dark as ' +
        'its reader prefers.',
    }),
    ApiMedia('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'),
  );
}

/** The answer of a handler is a feed. */
export function AnswersFeed(summary: string) {
  return applyDecorators(
    Header('content-type', 'application/atom+xml; charset=utf-8'),
    ApiOperation({
      summary,
      description: 'A feed of Atom (RFC 4287). Its links are paths on this host.',
    }),
    ApiMedia('application/atom+xml', '<feed xmlns="http://www.w3.org/2005/Atom"/>'),
  );
}
