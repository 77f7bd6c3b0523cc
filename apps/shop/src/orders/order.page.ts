import { summary } from '../cart/cart.page.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import type { OrderState } from './order.schema.ts';
import type { StoredOrder } from './orders.repository.ts';

/** The names of the states on pages. */
export const STATE_NAMES: Readonly<Record<OrderState, string>> = {
  created: 'Waiting for the payment',
  failed: 'Payment failed',
  expired: 'Expired',
  paid: 'Paid',
  refunded: 'Refunded',
  disputed: 'Payment disputed',
  dispute_lost: 'Payment taken back',
};

const MESSAGES: Readonly<Record<OrderState, string>> = {
  created: 'We have not heard of your payment yet. If you have just paid, look again in a moment.',
  failed: 'The payment did not go through and nothing was charged. You can try again.',
  expired: 'The time to pay has run out and nothing was charged. Your cart is still there.',
  paid: 'Thank you! Your payment has arrived, and we start printing.',
  refunded: 'Your money is on its way back.',
  disputed:
    'The bank that the money came from was asked to take it back, and has not decided yet. If ' +
    'you did not ask for that, please tell your bank.',
  dispute_lost: 'The bank has decided that the money goes back to where it came from.',
};

/**
 * The order as its buyer sees it. It does not reload by itself, which takes the page away from
 * people who read it slowly (WCAG 2.2, failure F41) and uses up the rate limit: Stripe holds buyers
 * back until the webhook has answered, up to 10 seconds, so that few ever see it wait.
 */
export function orderPage(order: StoredOrder): Page {
  const { id, state, email } = order;
  return {
    title: `Order ${id}`,
    body: html`
<h1>Order ${id}</h1>
<p class="state ${state}" role="status">
  <strong>${STATE_NAMES[state]}.</strong> ${MESSAGES[state]}
</p>
${(state === 'created' || state === 'failed') && actions(order)}
${state === 'expired' && BACK_TO_CART}
${summary(order.lines, order.total)}
<h2>What happened</h2>
${historyList(order)}
<p class="fine">
  Ordered for ${email}. Keep the address of this page, or find the order again by its number and
  your e-mail address.
</p>`,
  };
}

const BACK_TO_CART = html`<p><a class="button primary" href="/cart">Back to the cart</a></p>`;
/** The empty address reloads the page. */
const LOOK_AGAIN = html`<a class="button primary" href="">Look again</a> `;

function actions({ state, payment }: StoredOrder): Html {
  const pay = payment && html`<a class="button" href="${payment.url}">Go to the payment page</a>`;
  return html`<p class="actions start">${state === 'created' && LOOK_AGAIN}${pay}</p>`;
}

/** The history of an order, oldest first. */
export function historyList({ history }: StoredOrder): Html {
  return html`<ol class="history">
${history.map(historyItem)}</ol>`;
}

function historyItem({ state, at }: StoredOrder['history'][number]): Html {
  const time = at.slice(0, 19).replace('T', ' ');
  const what = state === 'created' ? 'Ordered' : STATE_NAMES[state];
  return html`<li><time datetime="${at}">${time} UTC</time> ${what}</li>
`;
}
