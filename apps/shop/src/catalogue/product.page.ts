import { MAX_LINE_QUANTITY } from '../cart/cart.ts';
import { PRINTS, type Print } from '../orders/order.schema.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';
import { printFace } from './catalogue.page.ts';
import { PRINT_OFFERS } from './prints.ts';
import type { Product } from './products.repository.ts';

/** One quote, and the form that puts a print of it into the cart. */
export function productPage(product: Product, token: Html): Page {
  const start = startOf(product.quote);
  return {
    title: start,
    body: html`
<p class="crumbs"><a href="/">Catalogue</a></p>
<div class="product">
  <div class="print large">${printFace(product)}</div>
  <form class="panel" method="post" action="/cart">
    ${token}
    <h1>Print of &ldquo;${start}&rdquo;</h1>
    <input type="hidden" name="quote_id" value="${product.id}">
    <fieldset>
      <legend>Print it as</legend>
      ${PRINTS.map(printOption)}
    </fieldset>
    <p class="field">
      <label for="quantity">Quantity</label>
      <input id="quantity" name="quantity" type="number" required inputmode="numeric"
        min="1" max="${MAX_LINE_QUANTITY}" value="1">
    </p>
    <button class="button primary">Add to cart</button>
  </form>
</div>`,
  };
}

/** The choice of a print. The first one is chosen at first. */
function printOption(print: Print, index: number): Html {
  const { name, price, detail } = PRINT_OFFERS[print];
  return html`<label class="option">
  <input type="radio" name="print" value="${print}" required${index === 0 && ' checked'}>
  <span><strong>${name}</strong><small>${detail}</small></span>
  <span class="price">${money(price)}</span>
</label>
`;
}

/** The first words of a quote, as a title. */
function startOf(quote: string): string {
  if (quote.length <= 60) return quote;
  // A word of more than 60 letters is cut, but never within a character.
  const words = /^.{1,60}(?=\s)/su.exec(quote)?.[0].trimEnd();
  return `${words ?? Array.from(quote).slice(0, 60).join('')}…`;
}
