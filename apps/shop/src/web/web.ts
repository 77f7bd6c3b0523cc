import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { WebDefinition } from '#libs/service/create-service.ts';
import { sendProblem } from './problem.page.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether buyers come by HTTPS, so that cookies never travel without it. */
    secureCookies: boolean;
  }
}

/** What the shop adds to the HTTP server of every service: cookies, forms, compression, and JSON left as it came, for its signature is over the bytes. */
export const web: WebDefinition = {
  async setUp(server, config) {
    server.decorate('demo', config.DEMO_MODE);
    server.decorate('secureCookies', config.SHOP_URL.startsWith('https:'));
    // A secret of its own: with one that opens something else, a cookie would tell whoever guesses that the guess is right.
    await server.register(cookie, { secret: config.COOKIE_SECRET });
    await server.register(compress, { encodings: ['gzip', 'identity'] });
    server.removeAllContentTypeParsers();
    await server.register(formbody);
    server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  },
  sendProblem,
};
