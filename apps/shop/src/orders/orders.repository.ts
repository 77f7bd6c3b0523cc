import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { RedisService } from '#libs/redis/redis.service.ts';
import type { OrderEvent } from './order.events.ts';
import { ORDER_KEYS } from './order.keys.ts';
import {
  type HistoryEntry,
  type Order,
  type OrderLine,
  type OrderState,
  PAYMENT_STATES,
  type Print,
} from './order.schema.ts';
import { type AdvanceOutcome, ORDER_SCRIPTS } from './order.scripts.ts';

/** What is fixed when an order is placed. */
export interface PlacedOrder extends Omit<Order, 'state'> {
  /** The secret in the address of the buyer's page. */
  token: string;
  /** The cart it was made of. */
  cart: string;
}

/** The checkout session of an order at the payment provider. */
export interface Payment {
  id: string;
  /** Where the buyer pays. */
  url: string;
}

/** An order and where it is paid. */
export interface PayableOrder extends PlacedOrder {
  /** Undefined until the provider has opened a session. */
  payment: Payment | undefined;
}

/** An order and what has become of it. */
export interface StoredOrder extends PayableOrder {
  state: OrderState;
  /** Oldest first. */
  history: HistoryEntry[];
}

/** A page of orders, newest first. */
export interface OrderPage {
  items: (PlacedOrder & { state: OrderState })[];
  total: number;
  next: string | null;
}

/**
 * An order that is not paid yet is reused by its cart for less than the 24 hours for which its
 * checkout session can be paid.
 */
const REUSE_SECONDS = 23 * 60 * 60;

/**
 * An unpaid order is kept for the day on which its session can be paid, and for another one on
 * which the event of the payment may arrive.
 */
const UNPAID_SECONDS = 48 * 60 * 60;
/**
 * An order is kept for longer once its buyer pays in a way that takes days, such as a bank debit.
 */
const PENDING_SECONDS = 30 * 24 * 60 * 60;

/**
 * How many orders of one cart, and of one client, may wait to be paid. Many buyers may share the
 * address of one client.
 */
const MAX_OPEN = { cart: 10, client: 100 } as const;

/**
 * A line as it is stored. Its text, with author and source, is kept once for all orders, under its
 * digest.
 */
type StoredLine = [
  quote_id: string,
  digest: string,
  print: Print,
  quantity: number,
  unit_price: number,
];

/** An order as it is stored; those of former versions hold their lines as they were shown. */
type Stored<T extends { lines: OrderLine[] }> = Omit<T, 'lines'> & {
  lines: (StoredLine | Omit<OrderLine, 'author' | 'source'>)[];
};

/**
 * Orders in Redis. A placed order never changes, except that its state moves forward; every change
 * of the state is appended to the history in the same step.
 */
@Injectable()
export class OrdersRepository {
  constructor(private readonly redis: RedisService) {
    redis.define(ORDER_SCRIPTS);
  }

  /**
   * Places an order, unless its cart has an unfinished one of the same contents.
   * @param digest identifies the contents of the order
   * @param client the address of the client, see client.address.ts
   * @returns the order that counts, this one or the unfinished one; undefined when too many of the
   *   cart or client wait to be paid
   * @throws RedisUnavailableError; the order may then have been placed, and is found again when the
   *   call is repeated
   */
  async place(
    order: PlacedOrder,
    digest: string,
    client: string,
  ): Promise<PayableOrder | undefined> {
    const entry: HistoryEntry = { state: 'created', at: order.created_at, event: 'checkout' };
    // In microseconds, of which the last three digits are random: orders of the same millisecond
    // hardly ever have the same score, which a page of the list ends with.
    const score = Date.parse(order.created_at) * 1000 + Math.floor(Math.random() * 1000);
    const texts = new Map<string, string>();
    const lines = order.lines.map((line): StoredLine => {
      const { quote_id, print, quantity, unit_price } = line;
      const text = encodeText(line);
      const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22);
      texts.set(digest, text);
      return [quote_id, digest, print, quantity, unit_price];
    });
    const stored: Stored<PlacedOrder> = { ...order, lines };
    const { order: orders, history, orders: all, token, cart, text, open, openOf } = ORDER_KEYS;
    const keys = [orders, history, all, token, cart + order.cart, text, open];
    const openKeys = [`${openOf}cart:${order.cart}`, `${openOf}client:${client}`];
    const placed = await this.redis.write('order.place', (redis) =>
      redis.placeOrder(
        keys.length + openKeys.length,
        ...[...keys, ...openKeys],
        ...[order.id, order.token, JSON.stringify(stored), digest, score, JSON.stringify(entry)],
        ...[REUSE_SECONDS, UNPAID_SECONDS, MAX_OPEN.cart, MAX_OPEN.client, client],
        ...[...texts].flat(),
      ),
    );
    if (placed === null) return undefined;
    const [unfinished, payment] = placed;
    if (unfinished === undefined) return { ...order, payment: undefined };
    // The contents are the same, so the texts of the lines need not be read.
    const known = JSON.parse(unfinished) as Stored<PlacedOrder>;
    return { ...known, lines: order.lines, payment: decodePayment(payment) };
  }

  /** @throws RedisUnavailableError */
  async find(id: string): Promise<StoredOrder | undefined> {
    const [[order, state, payment], history] = await this.redis.read('order.find', (client) =>
      Promise.all([
        client.hmget(ORDER_KEYS.order + id, 'order', 'state', 'payment'),
        client.lrange(ORDER_KEYS.history + id, 0, -1),
      ]),
    );
    if (!order) return undefined;
    const [placed] = await this.withTexts([JSON.parse(order) as Stored<PlacedOrder>]);
    return {
      ...(placed as PlacedOrder),
      state: state as OrderState,
      payment: decodePayment(payment),
      history: history.map((entry) => JSON.parse(entry) as HistoryEntry),
    };
  }

  /**
   * The order whose buyer's page has this token in its address.
   * @throws RedisUnavailableError
   */
  async findByToken(token: string): Promise<StoredOrder | undefined> {
    const id = await this.redis.read('order.token', (client) =>
      client.get(ORDER_KEYS.token + token),
    );
    return id === null ? undefined : this.find(id);
  }

  /**
   * Stores where an order is paid.
   * @throws RedisUnavailableError
   */
  async savePayment(id: string, payment: Payment): Promise<void> {
    await this.redis.write('order.payment', (client) =>
      client.saveOrderPayment(1, ORDER_KEYS.order + id, JSON.stringify(payment)),
    );
  }

  /**
   * Moves an order to the state that an event of its payment tells of, unless it is already there
   * or beyond; `created` says that money is on its way: the order waits longer. An event of a
   * dispute counts unless a later one of the same dispute has.
   * @throws RedisUnavailableError; repeating the call is safe, since an event counts once
   */
  advance(event: OrderEvent): Promise<AdvanceOutcome> {
    const { id, order: orderId, state } = event;
    const at = new Date().toISOString();
    const { order, history, events, token, text, open, openOf } = ORDER_KEYS;
    const entry: Omit<HistoryEntry, 'state'> = { at, event: id };
    const dispute = 'dispute' in event ? [event.dispute, event.at] : ['', 0];
    return this.redis.write('order.advance', (client) =>
      client.advanceOrder(
        7,
        ...[order + orderId, history + orderId, events + orderId, token, text, open, openOf],
        ...[orderId, id, state, JSON.stringify(entry), PENDING_SECONDS],
        ...[...dispute, ...PAYMENT_STATES],
      ),
    );
  }

  /**
   * Orders from newest to oldest.
   * @param cursor `next` of the page before
   * @throws RedisUnavailableError
   */
  async list(limit: number, cursor?: string): Promise<OrderPage> {
    const [total, ...fields] = await this.redis.writeUnconfirmed('order.list', (client) =>
      client.listOrders(
        ...[3, ORDER_KEYS.orders, ORDER_KEYS.order, ORDER_KEYS.open],
        ...[cursor === undefined ? '+inf' : `(${cursor}`, limit + 1],
      ),
    );
    const rows: { score: string; order: Stored<OrderPage['items'][number]> }[] = [];
    for (let i = 0; i < fields.length; i += 3) {
      const [score = '', order = '', state = ''] = fields.slice(i, i + 3);
      rows.push({
        score,
        order: { ...(JSON.parse(order) as Stored<PlacedOrder>), state: state as OrderState },
      });
    }
    const page = rows.slice(0, limit);
    return {
      items: await this.withTexts(page.map(({ order }) => order)),
      total,
      next: rows.length > limit ? (page.at(-1)?.score ?? null) : null,
    };
  }

  /** Stored orders with the texts of their lines. */
  private async withTexts<T extends { lines: OrderLine[] }>(
    orders: readonly Stored<T>[],
  ): Promise<T[]> {
    const digests = new Set(
      orders.flatMap(({ lines }) => lines.flatMap((line) => (Array.isArray(line) ? line[1] : []))),
    );
    const keys = [...digests].map((digest) => ORDER_KEYS.text + digest);
    const found =
      keys.length === 0 ? [] : await this.redis.read('order.texts', (client) => client.mget(keys));
    const texts = new Map([...digests].map((digest, i) => [digest, found[i] ?? '']));
    return orders.map((order) => {
      const lines = order.lines.map((line) => {
        if (!Array.isArray(line)) return { author: null, source: null, ...line };
        const [quote_id, digest, print, quantity, unit_price] = line;
        return { quote_id, ...decodeText(texts.get(digest) ?? ''), print, quantity, unit_price };
      });
      return { ...order, lines } as unknown as T;
    });
  }
}

function decodePayment(payment: string | null | undefined): Payment | undefined {
  return payment ? (JSON.parse(payment) as Payment) : undefined;
}

/** Separates the parts of a text that is stored, since no text may hold it. */
const SEPARATOR = '\x1f';

/** A quote alone is stored as former versions have stored it. */
function encodeText({ quote, author, source }: OrderLine): string {
  if (author === null && source === null) return quote;
  return [quote, author ?? '', source ?? ''].join(SEPARATOR);
}

function decodeText(text: string): Pick<OrderLine, 'quote' | 'author' | 'source'> {
  const [quote = '', author = '', source = ''] = text.split(SEPARATOR);
  return { quote, author: author || null, source: source || null };
}
