import { STATE_NAMES } from '../orders/order.page.ts';
import type { StoredOrder } from '../orders/orders.repository.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';

/** One step of the round trip. */
export interface Step {
  name: string;
  detail: string;
  done: boolean;
}

/**
 * The steps that an order has taken so far.
 * @param status the state of its payment according to the provider
 */
export function stepsOf(order: StoredOrder, status: string): Step[] {
  const { payment, history, state } = order;
  const events = history.filter((entry) => entry.event !== 'checkout');
  return [
    { name: 'Order stored', detail: `${order.id}, ${money(order.total)}`, done: true },
    {
      name: 'Checkout session opened',
      detail: payment?.id ?? 'not yet',
      done: payment !== undefined,
    },
    { name: 'Session read back', detail: status, done: payment !== undefined },
    ...events.map(({ state: reached, event, at }) => ({
      name: `Event: ${STATE_NAMES[reached]}`,
      detail: `${event} at ${at}, signature good`,
      done: true,
    })),
    { name: 'Order paid', detail: STATE_NAMES[state], done: state === 'paid' },
  ];
}

/** One product, one button, and the round trip step by step. */
export function stripeTestPage(
  token: Html,
  price: number,
  order?: { steps: Step[]; payment: string | undefined },
): Page {
  return {
    title: 'API test',
    body: html`
<h1>Payment API test</h1>
<p>
  One card for ${money(price)}. The button makes a real order and asks the payment provider for a
  checkout session.
</p>
<form method="post" action="/stripe-test">
  ${token}<button class="button primary">Buy one card</button>
</form>
${order && roundTrip(order.steps, order.payment)}`,
  };
}

function roundTrip(steps: readonly Step[], payment: string | undefined): Html {
  const pay =
    payment !== undefined &&
    html`<p><a class="button" href="${payment}">Go to the payment page</a></p>`;
  return html`
<h2>The round trip</h2>
<ol class="steps">
${steps.map(stepItem)}</ol>
${pay}`;
}

function stepItem({ name, detail, done }: Step): Html {
  const [state, mark] = done ? ['done', '✓'] : ['open', '…'];
  return html`<li class="${state}"><strong>${name}</strong> <span>${mark} ${detail}</span></li>
`;
}
