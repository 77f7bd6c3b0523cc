import { Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ValidBody } from '#libs/openapi/schema.decorators.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import { quoteIdSchema } from '#libs/quotes/quote.schema.ts';
import { CatalogueService } from '../catalogue/catalogue.service.ts';
import { PRINTS } from '../orders/order.schema.ts';
import { FormGuard, formSchema, formToken } from '../web/form.guard.ts';
import { redirect, sendPage } from '../web/page.reply.ts';
import { cartOf, keepCart } from './cart.cookie.ts';
import { cartPage } from './cart.page.ts';
import { add, countOf, MAX_CART_LINES, MAX_LINE_QUANTITY, setQuantity } from './cart.ts';
import { PricingService } from './pricing.service.ts';

const quantity = (min: number) =>
  z
    .string('must be given once')
    .regex(/^\d{1,2}$/, 'must be a whole number')
    .transform(Number)
    .refine(
      (n) => n >= min && n <= MAX_LINE_QUANTITY,
      `must be from ${min} to ${MAX_LINE_QUANTITY}`,
    );

const product = { quote_id: quoteIdSchema, print: z.enum(PRINTS) };
const addSchema = formSchema({ ...product, quantity: quantity(1) });
const changeSchema = formSchema({
  ...product,
  quantity: quantity(0),
  remove: z.literal('yes').optional(),
});

/** The visitor's cart. */
@ApiExcludeController()
@Controller('cart')
export class CartController {
  constructor(
    private readonly pricing: PricingService,
    private readonly catalogue: CatalogueService,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const cart = cartOf(request);
    const priced = await this.pricing.price(cart, request.id);
    if (priced.gone.length > 0) {
      keepCart(
        reply,
        priced.gone.reduce((left, line) => setQuantity(left, { ...line, quantity: 0 }), cart),
      );
    }
    sendPage(reply, cartPage(priced, formToken(request, reply)));
  }

  @Post()
  @UseGuards(FormGuard)
  async add(
    @ValidBody(addSchema) line: z.output<typeof addSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { quote_id, print, quantity: count } = line;
    await this.catalogue.product(quote_id, request.id);
    const cart = cartOf(request);
    const fuller = add(cart, { quote_id, print, quantity: count });
    if (countOf(fuller) < countOf(cart) + count) {
      throw new ProblemError(
        'invalid-request',
        `A cart holds ${MAX_CART_LINES} different prints, and ${MAX_LINE_QUANTITY} of each: ` +
          'yours is as it was.',
      );
    }
    keepCart(reply, fuller);
    redirect(reply, '/cart');
  }

  @Post('lines')
  @UseGuards(FormGuard)
  change(
    @ValidBody(changeSchema) line: z.output<typeof changeSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { quote_id, print, quantity: count, remove } = line;
    keepCart(
      reply,
      setQuantity(cartOf(request), { quote_id, print, quantity: remove ? 0 : count }),
    );
    redirect(reply, '/cart');
  }
}
