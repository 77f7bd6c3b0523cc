import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';

const page = (title: string, text: Html): Page => ({
  title,
  body: html`<article class="prose"><h1>${title}</h1>${text}</article>`,
});

/**
 * The pages that the law demands, by the last part of their addresses. Operators fill in who they
 * are.
 */
export const LEGAL_PAGES: ReadonlyMap<string, Page> = new Map([
  [
    'terms',
    page(
      'Terms of sale',
      html`
<p>
  PrivRocket sells prints of quotes. The price shown in the cart is the price you pay: it
  includes VAT and delivery within the European Union.
</p>
<h2>Contract and payment</h2>
<p>
  You order by paying on the payment page. The contract begins when the payment has arrived,
  which your order page tells. Card data is handled by Stripe alone.
</p>
<h2>Delivery</h2>
<p>Prints are made after the payment and delivered within ten working days.</p>
<h2>Withdrawal</h2>
<p>
  You may withdraw within 14 days of delivery, without a reason, and get your money back the way
  it came.
</p>`,
    ),
  ],
  [
    'privacy',
    page(
      'Privacy',
      html`
<p>
  We keep what an order needs: your e-mail address, what you ordered and what became of it.
  Nobody tracks you here: no script runs, nothing is loaded from elsewhere.
</p>
<h2>Cookies</h2>
<p>
  Two, both needed: <code>cart</code> holds your cart for a month, <code>visit</code> protects
  forms until you close the browser.
</p>
<h2>Payment</h2>
<p>
  Stripe takes your payment on its own pages, under its own privacy policy. We learn whether it
  succeeded.
</p>
<h2>Your rights</h2>
<p>
  You may ask what we know of you, and have it corrected or deleted as far as the law on
  bookkeeping allows.
</p>`,
    ),
  ],
  [
    'imprint',
    page(
      'Imprint',
      html`
<p>
  PrivRocket is an example shop of the quotes platform. Whoever runs it puts name, address,
  register number and contact here.
</p>`,
    ),
  ],
]);
