import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { WebDefinition } from '#libs/service/create-service.ts';
import { sendProblem } from './problem.page.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether cookies travel by HTTPS only; browsers do without it on the machine itself. */
    secureCookies: boolean;
  }
}

/** Whether a host is the machine that the browser runs on. */
function isLocal(host: string): boolean {
  return /(^|\.)localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(host);
}

/**
 * What the shop adds to the HTTP server of every service: cookies, forms, and JSON left as it came,
 * for its signature is over the bytes.
 */
export const web: WebDefinition = {
  async setUp(server, config) {
    server.decorate('demo', config.DEMO_MODE);
    server.decorate('secureCookies', !isLocal(new URL(config.SHOP_URL).hostname));
    // A secret of its own: with one that opens something else, a cookie would tell whoever guesses
    // that the guess is right.
    await server.register(cookie, { secret: config.COOKIE_SECRET });
    server.removeAllContentTypeParsers();
    await server.register(formbody);
    server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
  },
  sendProblem,
};
