import { expectProblem } from '#libs/testing/http-client.ts';
import { secret } from '#libs/testing/secrets.ts';
import {
  deliver,
  deliverRaw,
  eventOf,
  orderOf,
  orders,
  payloadOf,
  ShopPlatform,
  sign,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';

const platform = new ShopPlatform();
let quote: string;
let order: { id: string; total: number };

beforeAll(async () => {
  await platform.start();
  quote = await platform.addQuote('Mille sabords');
});
afterAll(() => platform.stop());
beforeEach(async () => {
  await new Visitor(platform.shop).order(quote);
  [order] = await orders(platform.shop);
});

const states = async () =>
  (await orderOf(platform.shop, order.id)).history.map(({ state }: { state: string }) => state);

describe('the webhook', () => {
  it('takes a signed event', async () => {
    expect(await deliver(platform.shop, eventOf(order))).toMatchObject({
      status: 200,
      body: { received: true },
    });
    expect(await states()).toEqual(['created', 'paid']);
  });

  it.each([
    ['no signature', () => null],
    ['an empty signature', () => ''],
    ['the signature of another secret', (body: string) => sign(body, secret('other'))],
    ['a signature of more than five minutes ago', (body: string) => sign(body, undefined, 301)],
    ['the signature of another body', (body: string) => sign(`${body} `)],
    ['a timestamp without a signature', () => `t=${Math.floor(Date.now() / 1000)}`],
    ['a signature of the old scheme only', (body: string) => sign(body).replace('v1=', 'v0=')],
  ])('refuses %s', async (_name, signature) => {
    const event = eventOf(order);
    expectProblem(
      await deliverRaw(platform.shop, payloadOf(event), signature(payloadOf(event))),
      400,
      'unsigned-event',
    );
    expect(await states()).toEqual(['created']);
  });

  it('checks the bytes, not what they mean', async () => {
    const payload = payloadOf(eventOf(order));
    const spaced = payload.replaceAll(':', ': ');
    expectProblem(await deliverRaw(platform.shop, spaced, sign(payload)), 400, 'unsigned-event');
    expect((await deliverRaw(platform.shop, spaced, sign(spaced))).status).toBe(200);
    expect(await states()).toEqual(['created', 'paid']);
  });

  it('counts an event once, however often and however parallel it comes', async () => {
    const event = eventOf(order);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => deliver(platform.shop, event)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    await deliver(platform.shop, eventOf(order));
    expect(await states()).toEqual(['created', 'paid']);
  });

  it.each([
    ['completed', 'payment_failed', 'expired'],
    ['payment_failed', 'completed', 'expired'],
    ['expired', 'payment_failed', 'completed'],
    ['expired', 'completed', 'payment_failed'],
    ['payment_failed', 'expired', 'completed'],
    ['completed', 'expired', 'payment_failed'],
  ])('makes one paid order of %s, %s, %s', async (...kinds) => {
    for (const kind of kinds) {
      const event = eventOf(
        order,
        kind === 'payment_failed' ? 'payment_intent.payment_failed' : `checkout.session.${kind}`,
      );
      await deliver(platform.shop, event);
      await deliver(platform.shop, event);
    }
    const history = await states();
    expect((await orderOf(platform.shop, order.id)).state).toBe('paid');
    expect(history.filter((state: string) => state === 'paid')).toEqual(['paid']);
    expect(history.at(-1)).toBe('paid');
  });

  it('pays methods that take days only once they have paid', async () => {
    const pending = eventOf(order);
    await deliver(platform.shop, {
      ...pending,
      object: { ...pending.object, payment_status: 'unpaid' },
    });
    expect(await states()).toEqual(['created']);
    await deliver(platform.shop, eventOf(order, 'checkout.session.async_payment_succeeded'));
    expect(await states()).toEqual(['created', 'paid']);
  });

  it('refunds in full only', async () => {
    await deliver(platform.shop, eventOf(order));
    const part = eventOf(order, 'charge.refunded');
    await deliver(platform.shop, { ...part, object: { ...part.object, refunded: false } });
    expect(await states()).toEqual(['created', 'paid']);
    await deliver(platform.shop, eventOf(order, 'charge.refunded'));
    await deliver(platform.shop, eventOf(order));
    expect(await states()).toEqual(['created', 'paid', 'refunded']);
  });

  it.each([
    ['another amount', { amount_total: 1 }],
    ['no amount', { amount_total: null }],
    ['another currency', { currency: 'xof' }],
  ])('does not take %s for a payment', async (_name, fields) => {
    const event = eventOf(order);
    expect(
      (await deliver(platform.shop, { ...event, object: { ...event.object, ...fields } })).status,
    ).toBe(200);
    expect(await states()).toEqual(['created']);
  });

  it.each([
    ['of an order it does not know', () => eventOf({ id: 'PR-AAAAAAAAAA', total: 1 })],
    ['of a kind it does not know', () => eventOf(order, 'customer.created')],
    ['of no order', () => ({ ...eventOf(order), object: { metadata: {} } })],
  ])('accepts and ignores an event %s', async (_name, event) => {
    expect((await deliver(platform.shop, event())).status).toBe(200);
    expect(await states()).toEqual(['created']);
  });

  it('refuses what is not JSON, though signed', async () => {
    expectProblem(await deliverRaw(platform.shop, 'x', sign('x')), 400, 'unsigned-event');
  });
});
