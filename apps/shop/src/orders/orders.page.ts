import { summary } from '../cart/cart.page.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';
import { historyList, STATE_NAMES } from './order.page.ts';
import type { Order } from './order.schema.ts';
import type { OrderPage, StoredOrder } from './orders.repository.ts';

/**
 * The orders, for the admin.
 * @param limit how many a page shows
 */
export function ordersPage(
  { items, total, next }: Omit<OrderPage, 'items'> & { items: Order[] },
  limit: number,
): Page {
  const older =
    next !== null &&
    html`<p><a class="button" href="/orders?limit=${limit}&amp;cursor=${next}">Older</a></p>`;
  return {
    title: 'Orders',
    body: html`
<h1>Orders</h1>
<p>${total === 0 ? 'None yet.' : `${total} in all, newest first.`}</p>
<div class="scroll"><table class="summary">
<caption class="visually-hidden">Orders, newest first</caption>
<thead>
  <tr>
    <th scope="col">Order</th><th scope="col">Placed</th>
    <th scope="col">State</th><th scope="col">Total</th>
  </tr>
</thead>
<tbody>
${items.map(orderRow)}</tbody>
</table></div>
${older}`,
  };
}

function orderRow({ id, created_at, state, total }: Order): Html {
  return html`<tr>
  <td><a href="/orders/${id}">${id}</a></td>
  <td>${created_at.slice(0, 16).replace('T', ' ')}</td>
  <td>${STATE_NAMES[state]}</td>
  <td>${money(total)}</td>
</tr>
`;
}

/** One order, for the admin. */
export function adminOrderPage(order: StoredOrder): Page {
  return {
    title: `Order ${order.id}`,
    body: html`
<p class="crumbs"><a href="/orders">Orders</a></p>
<h1>Order ${order.id}</h1>
<p>${STATE_NAMES[order.state]}; ${order.email}</p>
${summary(order.lines, order.total)}
<h2>History</h2>
${historyList(order)}`,
  };
}
