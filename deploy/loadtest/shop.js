/**
 * A day at the shop in three minutes, for k6: ramp, plateau, stop. Visitors look, search and fill
 * carts as people do. Aim it at the Service, not at the edge, whose rate limit would be measured
 * instead:
 *
 * k6 run -e SHOP=http://privrocket-service.privrocket-preprod deploy/loadtest/shop.js
 *
 * Each visitor has an address of its own in X-Forwarded-For, so that the shop's TRUSTED_PROXIES
 * must hold the address that k6 runs on.
 */

import { check } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';

const SHOP = __ENV.SHOP || 'http://127.0.0.1:4242';
const PEAK = Number(__ENV.PEAK || 200);
const RAMP = __ENV.RAMP || '30s';
const PLATEAU = __ENV.PLATEAU || '60s';
const WORDS = ['love', 'mer', 'liberté', 'amor', 'life'];

/** Counts pages by kind, for the cost of an average page. */
const pages = new Counter('pages');

export const options = {
  scenarios: {
    visitors: {
      executor: 'ramping-arrival-rate',
      startRate: 1,
      timeUnit: '1s',
      preAllocatedVUs: Math.ceil(PEAK / 2),
      maxVUs: PEAK * 2,
      stages: [
        { duration: RAMP, target: PEAK },
        { duration: PLATEAU, target: PEAK },
        { duration: '5s', target: 0 },
      ],
    },
  },
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<500'],
    dropped_iterations: ['count<100'],
  },
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max'],
};

/**
 * One visit: of ten visitors, five see the catalogue, two search, two look at a product and one
 * puts it into the cart.
 */
export default function visit() {
  const address = `10.${byte()}.${byte()}.${byte()}`;
  const params = {
    headers: { 'X-Forwarded-For': address, 'Accept-Encoding': 'gzip' },
    redirects: 1,
  };
  const draw = Math.random() * 10;
  if (draw < 5) return page('catalogue', http.get(`${SHOP}/`, tagged(params, 'catalogue')));
  if (draw < 7) {
    const word = WORDS[Math.floor(Math.random() * WORDS.length)];
    return page(
      'search',
      http.get(`${SHOP}/?q=${encodeURIComponent(word)}`, tagged(params, 'search')),
    );
  }
  const [, path] =
    /href="(\/products\/\d+)"/.exec(http.get(`${SHOP}/`, tagged(params, 'catalogue')).body) || [];
  if (!path) return page('product', { status: 0 });
  const product = http.get(`${SHOP}${path}`, tagged(params, 'product'));
  page('product', product);
  if (draw < 9) return;
  const [, token] = /name="_token" value="([^"]+)"/.exec(product.body) || [];
  const form = { _token: token, quote_id: path.split('/').pop(), print: 'mug', quantity: '1' };
  page('cart', http.post(`${SHOP}/cart`, form, tagged(params, 'cart')));
}

function page(name, response) {
  pages.add(1, { page: name });
  check(response, { [`${name} answers 200`]: ({ status }) => status === 200 });
}

function tagged(params, name) {
  return { ...params, tags: { name } };
}

function byte() {
  return Math.floor(Math.random() * 256);
}
