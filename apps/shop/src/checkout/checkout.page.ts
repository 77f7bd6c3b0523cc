import { summary } from '../cart/cart.page.ts';
import type { PricedCart } from '../cart/pricing.service.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';

/**
 * The last page before the payment.
 * @param email the e-mail address given before
 * @param wrong what is wrong with it
 */
export function checkoutPage(
  { lines, total }: PricedCart,
  token: Html,
  email = '',
  wrong?: string,
): Page {
  const invalid = wrong !== undefined && html` aria-invalid="true" aria-describedby="wrong"`;
  const complaint =
    wrong !== undefined &&
    html`<span class="wrong" id="wrong" role="alert">The address ${wrong}.</span>`;
  return {
    title: 'Checkout',
    body: html`
<p class="crumbs"><a href="/cart">Cart</a></p>
<h1>Checkout</h1>
<div class="columns">
  <section aria-label="Your order">${summary(lines, total)}</section>
  <form class="panel" method="post" action="/checkout">
    ${token}
    <p class="field">
      <label for="email">E-mail address</label>
      <input id="email" name="email" type="email" required maxlength="254" autocomplete="email"
        value="${email}"${invalid}>
      ${complaint}
    </p>
    <p class="fine">
      The delivery address and the card are asked for on the payment page. We never see your card.
      By paying you accept our <a href="/legal/terms">terms of sale</a>.
    </p>
    <button class="button primary">Pay ${money(total)}</button>
  </form>
</div>`,
  };
}

/** The page for a buyer who has left the payment page without paying. */
export function cancelledPage(): Page {
  return {
    title: 'Payment cancelled',
    body: html`
<h1>Payment cancelled</h1>
<p>Nothing was charged. Your cart is as you left it.</p>
<p class="actions">
  <a class="button primary" href="/checkout">Try again</a> <a href="/cart">Back to the cart</a>
</p>`,
  };
}
