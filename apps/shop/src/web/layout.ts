import { ICON, STYLE } from './assets.ts';
import { type Html, html } from './html.ts';

/** A page without head, banner, navigation and footer. */
export interface Page {
  title: string;
  body: Html;
}

const DEMO_BANNER = html`<p class="banner">
  <strong>Demo shop.</strong> Nothing is charged, nothing is delivered.
</p>`;

/** A whole page: with head, banner, navigation and footer. */
export function layout({ title, body }: Page, demo: boolean): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} &ndash; PrivRocket</title>
<meta name="description"
  content="PrivRocket prints the words worth keeping: quotes as posters, mugs and cards.">
<meta name="theme-color" content="#14213d">
<link rel="icon" href="${ICON.path}" type="image/svg+xml">
<link rel="stylesheet" href="${STYLE.path}">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="site">
${demo && DEMO_BANNER}
  <div class="wrap">
    <a class="brand" href="/"><img src="${ICON.path}" width="32" height="32" alt="">PrivRocket</a>
    <nav aria-label="Shop">
      <a href="/">Catalogue</a>
      <a href="/cart">Cart</a>
      <a href="/orders/lookup">My order</a>
    </nav>
  </div>
</header>
<main id="content" class="wrap" tabindex="-1">
${body}
</main>
<footer class="site">
  <div class="wrap">
    <p>PrivRocket prints the words worth keeping.</p>
    <nav aria-label="Legal">
      <a href="/legal/terms">Terms of sale</a>
      <a href="/legal/privacy">Privacy</a>
      <a href="/legal/imprint">Imprint</a>
    </nav>
  </div>
</footer>
</body>
</html>
`;
}
