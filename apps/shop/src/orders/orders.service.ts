import { createHash, randomBytes, randomInt } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { ProblemError } from '#libs/problem/problem.ts';
import { orderCount, paymentPageCount } from '../shop.metrics.ts';
import type { OrderEvent } from './order.events.ts';
import type { OrderLine } from './order.schema.ts';
import type { AdvanceOutcome } from './order.scripts.ts';
import {
  type OrderPage,
  OrdersRepository,
  type Payment,
  type PlacedOrder,
  type StoredOrder,
} from './orders.repository.ts';
import { PaymentProvider } from './payment.provider.ts';

/** The base32 of RFC 4648, whose digits are not mistaken for letters. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The rules about orders. */
@Injectable()
export class OrdersService {
  private readonly logger = new Logger('orders');

  constructor(
    private readonly orders: OrdersRepository,
    private readonly provider: PaymentProvider,
  ) {}

  /**
   * Places the order of a cart and opens its payment page. Two clicks make one order, and so does a
   * click that is repeated after a crash.
   * @param client the address of the client, see client.address.ts
   * @returns the order that counts, and where it is paid
   * @throws ProblemError too-many-orders; payment-unavailable: the order then waits to be paid, and
   *   the next click goes on with it
   */
  async checkOut(
    client: string,
    cart: string,
    email: string,
    lines: OrderLine[],
    total: number,
  ): Promise<Pick<PlacedOrder, 'id' | 'token'> & Pick<Payment, 'url'>> {
    const placed: PlacedOrder = {
      id: newOrderId(),
      token: randomBytes(24).toString('base64url'),
      cart,
      created_at: new Date().toISOString(),
      email,
      currency: 'eur',
      total,
      lines,
    };
    const contents = createHash('sha256')
      .update(JSON.stringify([email, lines]))
      .digest('base64url');
    const order = await this.orders.place(placed, contents, client);
    if (!order) throw new ProblemError('too-many-orders');
    const { id, token } = order;
    if (id === placed.id) orderCount.add('created');
    if (order.payment) return { id, token, url: order.payment.url };
    const payment = await this.open(order);
    await this.orders.savePayment(id, payment);
    return { id, token, url: payment.url };
  }

  /**
   * Applies an event. A payment of another amount or currency never makes the order paid.
   * @throws RedisUnavailableError; the event must then be delivered again
   */
  async apply(event: OrderEvent): Promise<AdvanceOutcome | 'refused'> {
    if (event.state === 'paid') {
      const order = await this.orders.find(event.order);
      if (order && (order.total !== event.amount || order.currency !== event.currency)) {
        this.logger.error(
          `event ${event.id}: order ${order.id} costs ${order.total} ${order.currency}, ` +
            `not ${event.amount} ${event.currency}`,
        );
        return 'refused';
      }
    }
    const outcome = await this.orders.advance(event);
    if (outcome === 'advanced' && event.state !== 'dispute_won') orderCount.add(event.state);
    return outcome;
  }

  /** @throws ProblemError not-found */
  async find(id: string): Promise<StoredOrder> {
    const order = await this.orders.find(id);
    if (!order) throw new ProblemError('not-found', `There is no order "${id}"`);
    return order;
  }

  /**
   * The order whose buyer's page has this token in its address.
   * @throws ProblemError not-found
   */
  async ofBuyer(token: string): Promise<StoredOrder> {
    const order = /^[\w-]{32}$/.test(token) ? await this.orders.findByToken(token) : undefined;
    if (!order) throw new ProblemError('not-found', 'There is no such order');
    return order;
  }

  /**
   * The order of that number and address. The answer does not tell which of the two is wrong, so
   * that nobody can find out numbers of orders or addresses of buyers.
   */
  async lookUp(id: string, email: string): Promise<StoredOrder | undefined> {
    const order = await this.orders.find(id);
    return order?.email.toLowerCase() === email.toLowerCase() ? order : undefined;
  }

  /** Orders, newest first. @param cursor `next` of the page before */
  list(limit: number, cursor?: string): Promise<OrderPage> {
    return this.orders.list(limit, cursor);
  }

  private async open(order: PlacedOrder): Promise<Payment> {
    try {
      const payment = await this.provider.open(order);
      paymentPageCount.add('opened');
      return payment;
    } catch (error) {
      paymentPageCount.add('failed');
      throw error;
    }
  }
}

/** Whether an order can still be paid for. */
export function isPayable({ state }: StoredOrder): boolean {
  return state === 'created' || state === 'failed';
}

function newOrderId(): string {
  return `PR-${Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;
}
