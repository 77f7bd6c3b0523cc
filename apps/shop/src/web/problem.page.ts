import type { ProblemName } from '#libs/service/problem.catalogue.ts';
import type { ProblemPage } from '#libs/service/problem.filter.ts';
import { html } from './html.ts';
import { sendPage } from './page.reply.ts';

const EXPLANATIONS: Partial<Record<ProblemName, string>> = {
  'stale-form': 'The form came from another visit, or cookies are off. Go back, reload the page and try again.',
  'not-found': 'There is no such page, or no longer.',
  'too-many-requests': 'That was a little fast. Wait a moment and try again.',
  unavailable: 'The shop cannot reach its shelves just now. Your cart is safe: try again in a moment.',
  'payment-unavailable':
    'The payment page cannot be reached just now. Nothing was charged and your cart is safe: try again in a moment.',
};

/** A problem, told to a visitor: never a stack, never more than the problem document would say. */
export const sendProblem: ProblemPage = (problem, request, reply) =>
  sendPage(reply, {
    title: problem.status === 404 ? 'Not found' : 'Something went wrong',
    body: html`
<h1>${problem.status === 404 ? 'Not found' : 'Something went wrong'}</h1>
<p>${EXPLANATIONS[problem.problem] ?? problem.message}</p>
<p><a class="button" href="/">To the catalogue</a></p>
<p class="fine">Reference ${request.id}</p>`,
  });
