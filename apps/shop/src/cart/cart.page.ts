import { attribution, PRINT_OFFERS } from '../catalogue/prints.ts';
import type { OrderLine } from '../orders/order.schema.ts';
import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';
import { MAX_LINE_QUANTITY } from './cart.ts';
import type { PricedCart } from './pricing.service.ts';

/** What is in the cart, with the forms that change it. */
export function cartPage({ lines, total, gone }: PricedCart, token: Html): Page {
  return {
    title: 'Cart',
    body: html`
<h1>Your cart</h1>
${gone.length > 0 && goneNotice(gone.length)}
${lines.length === 0 ? EMPTY_CART : cartLines(lines, total, token)}`,
  };
}

const EMPTY_CART = html`<p>It is empty. <a href="/">Find some words</a></p>`;

function goneNotice(count: number): Html {
  const prints = count === 1 ? 'One print is' : `${count} prints are`;
  return html`<p class="notice" role="status">
  ${prints} sold no more, and no longer in your cart.
</p>`;
}

function cartLines(lines: readonly OrderLine[], total: number, token: Html): Html {
  return html`
<ul class="lines">
${lines.map((line) => cartLine(line, token))}</ul>
<p class="total">
  <span>Total, VAT and delivery included</span> <strong>${money(total)}</strong>
</p>
<p class="actions">
  <a href="/">Go on looking</a> <a class="button primary" href="/checkout">Check out</a>
</p>`;
}

function cartLine(line: OrderLine, token: Html): Html {
  const { quote_id, quote, print, quantity, unit_price } = line;
  const id = `${quote_id}-${print}`;
  const { name } = PRINT_OFFERS[print];
  return html`<li>
  <div class="what">
    <a href="/products/${quote_id}"><q dir="auto">${quote}</q></a>
    ${attributionLine(line)}
    <span>${name}, ${money(unit_price)} each</span>
  </div>
  <form method="post" action="/cart/lines">
    ${token}
    <input type="hidden" name="quote_id" value="${quote_id}">
    <input type="hidden" name="print" value="${print}">
    <label class="visually-hidden" for="${id}">Quantity of ${name}</label>
    <input id="${id}" name="quantity" type="number" required inputmode="numeric"
      min="0" max="${MAX_LINE_QUANTITY}" value="${quantity}">
    <button>Update</button> <button class="plain" name="remove" value="yes">Remove</button>
  </form>
  <strong class="price">${money(unit_price * quantity)}</strong>
</li>
`;
}

/** The lines of an order or a cart, as a table that cannot be changed. */
export function summary(lines: readonly OrderLine[], total: number): Html {
  return html`<table class="summary">
<caption class="visually-hidden">What is ordered</caption>
<thead>
  <tr><th scope="col">Print</th><th scope="col">Number</th><th scope="col">Price</th></tr>
</thead>
<tbody>
${lines.map(summaryRow)}</tbody>
<tfoot>
  <tr><th scope="row" colspan="2">Total, VAT and delivery included</th><td>${money(total)}</td></tr>
</tfoot>
</table>`;
}

function summaryRow(line: OrderLine): Html {
  const { quote, print, quantity, unit_price } = line;
  return html`<tr>
  <td>
    ${PRINT_OFFERS[print].name}: <q dir="auto">${quote}</q>
    ${attributionLine(line)}
  </td>
  <td>${quantity}</td>
  <td>${money(unit_price * quantity)}</td>
</tr>
`;
}

function attributionLine(line: OrderLine): Html | false {
  const text = attribution(line);
  return text !== '' && html`<span class="by">${text}</span>`;
}
