import { Injectable } from '@nestjs/common';
import { type HistoryEntry, ORDER_STATES, type Order, type OrderState } from '#libs/model/order.schema.ts';
import { SHOP_KEYS } from './redis.keys.ts';
import type { AdvanceOutcome } from './redis.scripts.ts';
import { RedisService } from './redis.service.ts';

/** What is fixed when an order is placed. */
export interface PlacedOrder extends Omit<Order, 'state'> {
  /** Secret part of the buyer's link. */
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

/** An order and what has become of it. */
export interface StoredOrder extends PlacedOrder {
  state: OrderState;
  /** Undefined until the provider was asked. */
  payment: Payment | undefined;
  /** Oldest first. */
  history: HistoryEntry[];
}

/** A page of orders, newest first. */
export interface OrderPage {
  items: (PlacedOrder & { state: OrderState })[];
  total: number;
  next: string | null;
}

/** Seconds an unfinished order is reused by its cart: less than the 24 hours for which its checkout session can be paid. */
const REUSE_SECONDS = 23 * 60 * 60;

/** Orders in Redis. What is placed never changes; the state moves forward only, and every move is appended to the history in the same step. */
@Injectable()
export class OrdersRepository {
  constructor(private readonly redis: RedisService) {}

  /**
   * Places an order, unless its cart has an unfinished one of the same contents.
   * @param digest tells contents apart
   * @returns the id of the order that counts, new or not
   * @throws RedisUnavailableError; the order may then have been placed, and is found again when the call is repeated
   */
  place(order: PlacedOrder, digest: string): Promise<string> {
    const entry: HistoryEntry = { state: 'created', at: order.created_at, event: 'checkout' };
    // Microseconds, the last three drawn at random, so that no two orders share a place in the list.
    const score = Date.parse(order.created_at) * 1000 + Math.floor(Math.random() * 1000);
    return this.redis.write('order.place', (client) =>
      client.placeOrder(
        5,
        ...[SHOP_KEYS.order, SHOP_KEYS.history, SHOP_KEYS.orders, SHOP_KEYS.token, SHOP_KEYS.cart + order.cart],
        ...[order.id, order.token, JSON.stringify(order), digest, score, JSON.stringify(entry), REUSE_SECONDS],
      ),
    );
  }

  /** @throws RedisUnavailableError */
  async find(id: string): Promise<StoredOrder | undefined> {
    const [[order, state, payment], history] = await this.redis.run('order.find', (client) =>
      Promise.all([
        client.hmget(SHOP_KEYS.order + id, 'order', 'state', 'payment'),
        client.lrange(SHOP_KEYS.history + id, 0, -1),
      ]),
    );
    if (!order) return undefined;
    return {
      ...(JSON.parse(order) as PlacedOrder),
      state: state as OrderState,
      payment: payment ? (JSON.parse(payment) as Payment) : undefined,
      history: history.map((entry) => JSON.parse(entry) as HistoryEntry),
    };
  }

  /**
   * The order that a buyer's link leads to.
   * @throws RedisUnavailableError
   */
  async findByToken(token: string): Promise<StoredOrder | undefined> {
    const id = await this.redis.run('order.token', (client) => client.get(SHOP_KEYS.token + token));
    return id === null ? undefined : this.find(id);
  }

  /**
   * Notes where an order is paid.
   * @throws RedisUnavailableError
   */
  async savePayment(id: string, payment: Payment): Promise<void> {
    await this.redis.write('order.payment', (client) =>
      client.hset(SHOP_KEYS.order + id, 'payment', JSON.stringify(payment)),
    );
  }

  /**
   * Moves an order to a state that an event tells of, unless it is already there or beyond.
   * @param event id of the event, which counts once
   * @throws RedisUnavailableError; repeating the call is safe
   */
  advance(id: string, event: string, state: OrderState): Promise<AdvanceOutcome> {
    const entry: HistoryEntry = { state, at: new Date().toISOString(), event };
    return this.redis.write('order.advance', (client) =>
      client.advanceOrder(
        3,
        ...[SHOP_KEYS.order + id, SHOP_KEYS.history + id, SHOP_KEYS.events + id],
        ...[event, state, JSON.stringify(entry), ...ORDER_STATES],
      ),
    );
  }

  /**
   * Orders from newest to oldest.
   * @param cursor `next` of the page before
   * @throws RedisUnavailableError
   */
  async list(limit: number, cursor?: string): Promise<OrderPage> {
    const [total, ...fields] = await this.redis.run('order.list', (client) =>
      client.listOrders(2, SHOP_KEYS.orders, SHOP_KEYS.order, cursor === undefined ? '+inf' : `(${cursor}`, limit + 1),
    );
    const rows: { score: string; order: OrderPage['items'][number] }[] = [];
    for (let i = 0; i < fields.length; i += 3) {
      const [score = '', order = '', state = ''] = fields.slice(i, i + 3);
      rows.push({ score, order: { ...(JSON.parse(order) as PlacedOrder), state: state as OrderState } });
    }
    const page = rows.slice(0, limit);
    return {
      items: page.map(({ order }) => order),
      total,
      next: rows.length > limit ? (page.at(-1)?.score ?? null) : null,
    };
  }
}
