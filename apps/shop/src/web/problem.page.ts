import type { ProblemPage } from '#libs/http/problem.filter.ts';
import type { ProblemName } from '#libs/problem/problem.catalogue.ts';
import { html } from './html.ts';
import { sendPage } from './page.reply.ts';

const EXPLANATIONS: Partial<Record<ProblemName, string>> = {
  'malformed-body': 'What the form sent cannot be read. Go back, reload the page and try again.',
  'unsupported-media-type':
    'What the form sent cannot be read. Go back, reload the page and try again.',
  'body-too-large': 'That is more than fits into a form of this shop.',
  'stale-form':
    'The form came from another visit, or cookies are off. Go back, reload the page and try again.',
  unauthorized: 'This page is for those who run the shop.',
  'not-found': 'There is no such page, or no longer.',
  'method-not-allowed': 'This address takes forms only, or none. Your cart is safe.',
  'too-many-orders':
    'Too many of your orders wait to be paid: pay one of them, or order again in two days, when ' +
    'they have ended. Your cart is safe.',
  full: 'The shop can take no orders just now. Your cart is safe: try again in a while.',
  internal:
    'The shop made a mistake, which we can look up by the reference below. Your cart is safe.',
  unavailable:
    'The shop cannot reach its shelves just now. Your cart is safe: try again in a moment.',
  'payment-unavailable':
    'The payment page cannot be reached just now. Nothing was charged and your cart is safe: ' +
    'try again in a moment.',
};

/** Titles by status. The title of every other status is 'Something went wrong'. */
const TITLES = new Map([
  [401, 'Not for visitors'],
  [404, 'Not found'],
  [429, 'One moment, please'],
  [503, 'One moment, please'],
]);

/** The empty address reloads the page. */
const TRY_AGAIN = html`<a class="button primary" href="">Try again</a>`;

/** Shows a problem to a visitor: never a stack, and no more than the problem document says. */
export const sendProblem: ProblemPage = (problem, request, reply) => {
  const title = TITLES.get(problem.status) ?? 'Something went wrong';
  const seconds = reply.getHeader('retry-after');
  const explanation =
    problem.problem === 'too-many-requests'
      ? `That was a little fast. Your cart is safe: try again in ${seconds} seconds.`
      : (EXPLANATIONS[problem.problem] ?? problem.message);
  // A GET may be repeated, since it has changed nothing.
  const isTemporary =
    request.method === 'GET' && (problem.status === 429 || problem.status === 503);
  sendPage(reply, {
    title,
    body: html`
<h1>${title}</h1>
<p>${explanation}</p>
<p class="actions start">
  ${isTemporary && TRY_AGAIN}
  <a class="button" href="/">To the catalogue</a>
</p>
<p class="fine">Reference ${request.id}</p>`,
  });
};
