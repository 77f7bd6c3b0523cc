import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';

/**
 * The form that finds an order again.
 * @param missed whether there was none
 */
export function lookupPage(token: Html, missed = false): Page {
  return {
    title: 'My order',
    body: html`
<h1>Find your order</h1>
${missed && MISSED_NOTICE}
<form class="panel narrow" method="post" action="/orders/lookup">
  ${token}
  <p class="field">
    <label for="id">Order number</label>
    <input id="id" name="id" required maxlength="13" placeholder="PR-&hellip;"
      autocomplete="off" autocapitalize="characters">
  </p>
  <p class="field">
    <label for="email">E-mail address</label>
    <input id="email" name="email" type="email" required maxlength="254" autocomplete="email">
  </p>
  <button class="button primary">Show it</button>
</form>`,
  };
}

const MISSED_NOTICE = html`<p class="notice bad" role="alert">
  There is no order of that number and e-mail address.
</p>`;
