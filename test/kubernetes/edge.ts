import assert from 'node:assert/strict';
import { eventually } from '#libs/testing/eventually.ts';
import type { Test } from './test.ts';

/** The services answer these inside the cluster only. */
const inside = ['/metrics', '/readyz', '/healthz', '/docs', '/openapi.json', '/version'];

/**
 * Asks the API of each environment from outside: load balancer, Traefik, service, Redis and back.
 */
export const edge: Test = async (cluster, say) => {
  for (const namespace of ['qualification', 'production']) {
    const environment = await cluster.environment(namespace);
    const admin = { authorization: environment.key };
    assert.equal((await cluster.ask(environment, 'GET /users')).status, 401);
    const id = `tintin${Date.now()}`;
    const user = { id, name: 'Tintin', password: `milou-${Date.now()}` };
    assert.equal(
      (await cluster.ask(environment, 'POST /users', { headers: admin, json: user })).status,
      201,
    );
    const quote = `Mille millions de sabords ${Date.now()}`;
    const written = await cluster.ask(environment, 'POST /quotes', {
      headers: admin,
      json: { quote, user_id: id },
    });
    assert.equal(written.status, 201, written.text);
    const path = `/quotes/${JSON.parse(written.text).id}`;
    assert.equal(JSON.parse((await cluster.ask(environment, `GET ${path}`)).text).quote, quote);
    await eventually(
      async () => {
        const words = encodeURIComponent(quote.toLowerCase());
        const { status, text } = await cluster.ask(environment, `GET /search?keyword=${words}`);
        return (
          status === 200 &&
          JSON.parse(text).items.some((item: { quote: string }) => item.quote === quote)
        );
      },
      20_000,
      500,
    );
    for (const hidden of inside) {
      assert.equal((await cluster.ask(environment, `GET ${hidden}`)).status, 404, hidden);
    }

    const client = cluster.nextClient();
    const statuses: number[] = [];
    let last = await cluster.ask(environment, 'GET /quotes?limit=1', { client });
    for (let i = 0; i < 13; i += 1) {
      statuses.push(last.status);
      // The limit counts the address of the connection, whatever the headers say.
      const headers = { 'x-forwarded-for': `8.8.8.${i}`, 'x-real-ip': `8.8.4.${i}` };
      last = await cluster.ask(environment, 'GET /quotes?limit=1', { client, headers });
    }
    assert.deepEqual(statuses, [...Array(10).fill(200), 429, 429, 429]);
    assert.ok(Number(last.headers['retry-after']) > 0, JSON.stringify(last.headers));
    assert.equal((await cluster.ask(environment, 'GET /quotes?limit=1')).status, 200);
    await eventually(async () => {
      const quotes = ['--selector', 'app.kubernetes.io/name=quotes', '--tail=-1', '--since=5m'];
      return (await cluster.kubectl(['logs', '--namespace', namespace, ...quotes])).includes(
        `"client":"${client}"`,
      );
    });
    say(
      `ok   ${namespace} through load balancer and Traefik: user, quote, search; ` +
        `${inside.join(', ')} stay inside; ten requests, then 429 with Retry-After, ` +
        "by the client's own address",
    );
  }
};
