import { type Html, html } from '../web/html.ts';
import type { Page } from '../web/layout.ts';
import { money } from '../web/money.ts';
import type { CatalogueQuery } from './catalogue.schema.ts';
import { PRINT_OFFERS } from './prints.ts';
import type { Product } from './products.repository.ts';
import type { FoundPage } from './quotes.client.ts';

/** The style sheet has this many looks of a print; a quote always has the same one. */
const LOOK_COUNT = 5;
const LOWEST_PRICE = Math.min(...Object.values(PRINT_OFFERS).map(({ price }) => price));

/** How the products of a page were found. */
export interface Selection extends Partial<Pick<FoundPage, 'corrected' | 'relaxed'>> {
  /** Where the next page begins. */
  next: string | null;
  /** Whether these are only the products already known. */
  away: boolean;
}

/** The catalogue, or what a search in it has found. */
export function cataloguePage(
  products: readonly Product[],
  { q, after }: CatalogueQuery,
  { next, away, corrected = null, relaxed = [] }: Selection,
): Page {
  const isSearch = q !== undefined && !away;
  const browsed = after === undefined ? 'Newest prints' : 'More prints';
  const found =
    corrected !== null && products.length > 0
      ? html`Showing results for &ldquo;${corrected}&rdquo;`
      : html`${products.length === 0 ? 'Nothing found' : 'Found'} for &ldquo;${q}&rdquo;`;
  const without = html`<p>Without: ${relaxed.join(', ')}</p>`;
  return {
    title: isSearch ? `“${q}”` : 'Catalogue',
    body: html`
<section class="hero">
  <h1>Words worth keeping</h1>
  <p class="lead">Pick a quote. We print it as a poster, a mug or a card.</p>
  <form class="search" action="/" role="search">
    <label for="q">Search the quotes</label>
    <input id="q" name="q" type="search" maxlength="200" value="${q}"
      placeholder="love, mer, libert&eacute;&hellip;">
    <button>Search</button>
  </form>
</section>
${away && AWAY_NOTICE}
<h2>${isSearch ? found : browsed}</h2>
${relaxed.length > 0 && without}
${products.length === 0 && EMPTY_NOTICE}
<ul class="prints">
${products.map(printItem)}</ul>
${next !== null && moreLink(q, next)}`,
  };
}

const AWAY_NOTICE = html`<p class="notice" role="status">
  New quotes cannot be fetched just now. These are the ones we already know;
  they can be ordered as usual.
</p>`;

const EMPTY_NOTICE = html`<p>There is nothing on this shelf. <a href="/">See all prints</a></p>`;

function printItem(product: Product): Html {
  return html`<li>
  <a class="print" href="/products/${product.id}">
    ${printFace(product)}
    <span class="price">from ${money(LOWEST_PRICE)}</span>
  </a>
</li>
`;
}

function moreLink(q: string | undefined, after: string): Html {
  const query = new URLSearchParams({ ...(q !== undefined && { q }), after }).toString();
  return html`<p class="more"><a class="button" href="/?${query}">More prints</a></p>`;
}

/** A quote as it looks in print, with the name of its author and the work. */
export function printFace({ id, quote, author, source }: Product): Html {
  const size = quote.length > 140 ? 'long' : quote.length > 60 ? 'medium' : 'short';
  return html`<span class="face look-${lookOf(id)} ${size}">
  <q dir="auto">${quote}</q>
  ${author !== null && html`<span class="author">${author}</span>`}
  ${source !== null && html`<cite>${source}</cite>`}
</span>`;
}

/**
 * Ids of quotes that are added one by one end in zeros, and those of one import differ in the last
 * three digits only, so that both parts of an id choose the look.
 */
function lookOf(id: string): number {
  return (Math.trunc(Number(id) / 1000) + Number(id)) % LOOK_COUNT;
}
