import { expectProblem } from '#libs/testing/http-client.ts';
import { secret } from '#libs/testing/secrets.ts';
import {
  deliver,
  deliverRaw,
  disputeOf,
  eventOf,
  orderOf,
  orders,
  payloadOf,
  ShopPlatform,
  sign,
  type TestEvent,
} from '#libs/testing/shop-platform.ts';
import { Visitor } from '#libs/testing/visitor.ts';
import { ORDER_KEYS } from '../src/orders/order.keys.ts';

const platform = new ShopPlatform();
let quote: string;
let order: { id: string; total: number };
let token: string;
let visitor: Visitor;

beforeAll(async () => {
  await platform.start();
  quote = await platform.addQuote('Mille sabords');
});
afterAll(() => platform.stop());
beforeEach(async () => {
  visitor = new Visitor(platform.shop);
  token = await visitor.order(quote);
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

  it('takes a payment of which a part is tax', async () => {
    const event = eventOf(order);
    const fields = { automatic_tax: { enabled: true }, total_details: { amount_tax: 224 } };
    await deliver(platform.shop, { ...event, object: { ...event.object, ...fields } });
    expect(await states()).toEqual(['created', 'paid']);
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
    ['of a dispute about a payment for none', () => disputeOf({ id: 'PR-AAAAAAAAAA' }, 'lost')],
    [
      'of a dispute about a payment of another shop',
      () => disputeOf(order, 'lost', 0, { payment_intent: 'pi_1' }),
    ],
    ['of a dispute about no payment', () => disputeOf(order, 'lost', 0, { payment_intent: null })],
  ])('accepts and ignores an event %s', async (_name, event) => {
    expect((await deliver(platform.shop, event())).status).toBe(200);
    expect(await states()).toEqual(['created']);
  });

  it('refuses what is not JSON, though signed', async () => {
    expectProblem(await deliverRaw(platform.shop, 'x', sign('x')), 400, 'unsigned-event');
  });
});

describe('a dispute', () => {
  const tell = (status: string, second: number, fields: Record<string, unknown> = {}) =>
    deliver(platform.shop, disputeOf(order, status, second, fields));
  const state = async () => (await orderOf(platform.shop, order.id)).state;
  const page = async () => (await visitor.get(`/your-order/${token}`)).body;
  const pay = () => deliver(platform.shop, eventOf(order));

  it('shows on the order from its beginning to its end', async () => {
    await pay();
    await tell('needs_response', 0);
    expect(await page()).toContain('<strong>Payment disputed.</strong>');
    await tell('under_review', 1);
    await tell('lost', 2);
    expect(await page()).toContain('<strong>Payment taken back.</strong>');
    expect(await states()).toEqual(['created', 'paid', 'disputed', 'dispute_lost']);
  });

  it.each([
    ['won', {}, 'paid'],
    ['warning_closed', {}, 'paid'],
    ['prevented', { payment_method_details: { card: { case_type: 'block' } } }, 'paid'],
    ['prevented', {}, 'paid'],
    [
      'prevented',
      { payment_method_details: { card: { case_type: 'resolution' } } },
      'dispute_lost',
    ],
    ['lost', {}, 'dispute_lost'],
    ['warning_needs_response', {}, 'disputed'],
    ['warning_under_review', {}, 'disputed'],
    ['appeal_needs_response', {}, 'disputed'],
    ['a status of later versions', {}, 'disputed'],
  ])('that is %s %j leaves the order %s', async (status, fields, expected) => {
    await pay();
    await tell('needs_response', 0);
    await tell(status, 1, fields);
    expect(await state()).toBe(expected);
  });

  it.each([
    'charge.dispute.created',
    'charge.dispute.updated',
    'charge.dispute.closed',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.funds_reinstated',
  ])('is told by %s', async (type) => {
    await pay();
    await deliver(platform.shop, { ...disputeOf(order, 'needs_response'), type });
    expect(await state()).toBe('disputed');
  });

  describe.each([
    ['won', 'paid'],
    ['lost', 'dispute_lost'],
  ])('that is %s leaves the order %s', (end, expected) => {
    const steps = permutations(['payment', 'opening', 'review', 'end']);
    it.each(steps)('as events come: %s, %s, %s, %s', async (...kinds) => {
      const events: Record<string, TestEvent> = {
        payment: eventOf(order),
        opening: disputeOf(order, 'needs_response', 0),
        review: disputeOf(order, 'under_review', 1),
        end: disputeOf(order, end, 1),
      };
      for (const kind of kinds) {
        const event = events[kind] as TestEvent;
        await deliver(platform.shop, event);
        await deliver(platform.shop, event);
        // Stripe tells of the opening and of the end twice, since money moves as well.
        await deliver(platform.shop, { ...event, id: `${event.id}_money` });
      }
      expect(await state()).toBe(expected);
    });
  });

  it('that was lost is open again after an appeal, whatever comes late', async () => {
    await pay();
    await tell('lost', 1);
    await tell('appeal_under_review', 2);
    await tell('under_review', 0);
    expect(await state()).toBe('disputed');
    await tell('won', 3);
    await tell('lost', 1);
    expect(await state()).toBe('paid');
    expect(await states()).toEqual(['created', 'paid', 'dispute_lost', 'disputed', 'paid']);
  });

  it('hides what the payment comes to only while it is open', async () => {
    await pay();
    await tell('needs_response', 0);
    await deliver(platform.shop, eventOf(order, 'charge.refunded'));
    expect(await state()).toBe('disputed');
    await tell('won', 1);
    await pay();
    expect(await state()).toBe('refunded');
    expect(await states()).toEqual(['created', 'paid', 'disputed', 'refunded', 'refunded']);
  });

  it('stands beside others of the same order', async () => {
    await pay();
    await tell('lost', 0, { id: 'du_first' });
    await tell('needs_response', 1, { id: 'du_second' });
    expect(await state()).toBe('disputed');
    await tell('won', 2, { id: 'du_second' });
    expect(await state()).toBe('dispute_lost');
  });

  it('keeps an order for ever of whose payment nobody has told yet', async () => {
    await tell('needs_response', 0);
    expect(await state()).toBe('disputed');
    expect(await platform.redis.ttl(ORDER_KEYS.order + order.id)).toBe(-1);
    await pay();
    await tell('won', 1);
    expect(await state()).toBe('paid');
  });

  it('does not make a payment count of another amount', async () => {
    await tell('won', 0);
    await deliver(platform.shop, eventOf({ ...order, total: 1 }));
    expect(await state()).toBe('created');
  });
});

/** All orders in which things may come. */
function permutations(things: string[]): string[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((thing) =>
    permutations(things.filter((other) => other !== thing)).map((rest) => [thing, ...rest]),
  );
}
