import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { WebDefinition } from '#libs/service/create-service.ts';
import { sendProblem } from './problem.page.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether cookies are sent by HTTPS only. On their own machine browsers use HTTP as well. */
    secureCookies: boolean;
  }
}

/** Whether a host is the machine that the browser runs on. */
function isLocal(host: string): boolean {
  return /(^|\.)localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(host);
}

/**
 * What the shop adds to the HTTP server of every service: cookies, forms, and JSON as the bytes
 * that came, over which an event of Stripe is signed.
 */
export const web: WebDefinition = {
  async setUp(server, config) {
    server.decorate('demo', config.DEMO_MODE);
    server.decorate('secureCookies', !isLocal(new URL(config.SHOP_URL).hostname));
    // The secret is used for nothing else: whoever guesses it can check the guess against a cookie.
    await server.register(cookie, { secret: config.COOKIE_SECRET });
    server.removeAllContentTypeParsers();
    await server.register(formbody);
    server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
  },
  sendProblem,
};
