import { summary } from '../cart/cart.page.ts';
import type { StoredOrder } from '../orders/orders.repository.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';

/** A page that looks like a hosted checkout, where a tester chooses what happens. */
export function demoCheckoutPage(order: StoredOrder, token: Html): Page {
  return {
    title: 'Demo checkout',
    body: html`
<div class="hosted">
  <section aria-labelledby="pay">
    <p class="fine">PrivRocket <span class="badge">Test mode</span></p>
    <h1 id="pay">Pay ${money(order.total)}</h1>
    ${summary(order.lines, order.total)}
  </section>
  <form class="panel" method="post" action="/demo-checkout/${order.token}">
    ${token}
    ${order.state === 'failed' && DECLINED_NOTICE}
    <p class="field"><span class="label">E-mail</span> <span>${order.email}</span></p>
    <p class="field">
      <span class="label">Card</span>
      <span>4242 4242 4242 4242
        (an example; there is no field, so that nobody types a real one)</span>
    </p>
    <p>What shall happen?</p>
    <button class="button primary" name="outcome" value="paid">Pay ${money(order.total)}</button>
    <button class="button" name="outcome" value="declined">Let the card be declined</button>
    <button class="button" name="outcome" value="expired">Let the session expire</button>
    <button class="button plain" name="outcome" value="abandoned">Abandon and go back</button>
  </form>
</div>`,
  };
}

const DECLINED_NOTICE = html`<p class="notice bad" role="alert">
  The card was declined. Nothing was charged; try again or go back.
</p>`;
