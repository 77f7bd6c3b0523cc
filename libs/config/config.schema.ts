import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { localUrl } from './services.ts';

/** An admin key and the name of its holder. */
export interface NamedKey {
  name: string;
  key: string;
}

/** Name of the key in ADMIN_KEY. */
const ADMIN = 'admin';
const MIN_KEY_LENGTH = { production: 32, development: 8, test: 8 } as const;
const MIN_COOKIE_SECRET_BYTES = 32;
const WELL_KNOWN_KEYS = new Set([
  'supersecretkey',
  'default_key',
  'changeme',
  'password',
  'secret',
  'adminkey',
]);

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be between ${min} and ${max}`);

const address = z
  .string()
  .regex(/^[^\s:,]+:\d{1,5}$/, 'must be a comma-separated list of host:port')
  .transform((text) => {
    const [host = '', port = ''] = text.split(':');
    return { host, port: Number(port) };
  })
  .refine(({ port }) => port >= 1 && port <= 65535, 'must have ports between 1 and 65535');

const addresses = list(address);

/** Labels of letters, digits and hyphens. A last label of digits alone is a malformed address. */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)*(?!\d+\.?$)[a-z\d](?:[a-z\d-]*[a-z\d])?\.?$/i;

const proxy = z.string().refine((text) => {
  const [ip = '', bits, rest] = text.split('/');
  const family = isIP(ip);
  if (family === 0) return HOST_NAME.test(text);
  return (
    rest === undefined &&
    (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
  );
}, 'must be a comma-separated list of IP addresses, CIDR ranges or host names');

/** A comma-separated environment value; blanks around items are dropped. */
function list<T extends z.ZodType<unknown, string>>(item: T) {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item));
}

const flag = z
  .enum(['True', 'true', '1', 'False', 'false', '0'], 'must be True or False')
  .transform((text) => text.toLowerCase() === 'true' || text === '1');

/** The content of the file that a variable names. */
const file = z.string().transform((path, context) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    context.addIssue(`cannot be read: ${error instanceof Error ? error.message : error}`);
    return z.NEVER;
  }
});
/** A named admin key. Its name appears in logs; no message repeats a key that was refused. */
const namedKey = z
  .string()
  .regex(
    /^[A-Za-z0-9_.-]{1,32}:/,
    'must be a comma-separated list of name:key, names of 1 to 32 characters of A-Z a-z 0-9 _ . -',
  )
  .transform((text): NamedKey => {
    const at = text.indexOf(':');
    return { name: text.slice(0, at), key: text.slice(at + 1) };
  });

/** An address that paths are appended to, so that its trailing slash is dropped. */
const baseUrl = z
  .string()
  .refine((text) => {
    const url = URL.parse(text);
    return (
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      url.pathname === '/' &&
      !url.search &&
      !url.hash
    );
  }, 'must be an address such as https://shop.example, without a path')
  .transform((text) => text.replace(/\/$/, ''));

/**
 * Every environment variable that a service reads, with its default. A variable set to the empty
 * string counts as unset, as it does in Kubernetes ConfigMaps and env files.
 */
export const environmentSchema = z.object({
  NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
  REDIS_HOST: z
    .string()
    .default('localhost')
    .describe('Redis host, unless Sentinel or Cluster is used'),
  REDIS_PORT: integer(1, 65535).default(6379).describe('Redis port'),
  REDIS_DB: integer(0, 15).default(0).describe('Redis database number; always 0 on a cluster'),
  REDIS_USERNAME: z
    .string()
    .optional()
    .describe('user of Redis (and of its cluster nodes); without it the default user'),
  REDIS_PASSWORD: z.string().optional().describe('password of that user'),
  REDIS_SENTINELS: addresses
    .default([])
    .describe('Sentinels as `host:port,host:port`; their master is named `quotes`'),
  REDIS_SENTINEL_USERNAME: z
    .string()
    .optional()
    .describe('user of the Sentinels; without it the default user'),
  REDIS_SENTINEL_PASSWORD: z
    .string()
    .optional()
    .describe('password of that user; without it the Sentinels are not logged in to'),
  REDIS_WRITE_REPLICAS: integer(1, 5)
    .default(1)
    .describe(
      'with Sentinels: how many replicas must have a write before it is acknowledged ' +
        '(docs/operations.md)',
    ),
  REDIS_CLUSTER: addresses
    .default([])
    .describe('nodes of a Redis Cluster as `host:port,host:port`'),
  REDIS_TLS: flag
    .default(false)
    .describe('whether Redis, its Sentinels and its cluster nodes are spoken to by TLS'),
  REDIS_TLS_CA: file
    .optional()
    .describe(
      'file with the certificates (PEM) of the authorities that Redis may be certified by; ' +
        'without it those that Node.js trusts',
    ),
  REDIS_TLS_CERT: file
    .optional()
    .describe('file with the certificate (PEM) that a service shows to Redis, if it wants one'),
  REDIS_TLS_KEY: file.optional().describe('file with the key (PEM) of that certificate'),
  REDIS_TLS_SERVERNAME: z
    .string()
    .optional()
    .describe(
      'name that the certificates of Redis must be for; without it the host that is connected to',
    ),
  REDIS_SHARDS: integer(1, 1024)
    .default(1)
    .describe('logical shards the quotes are spread over; fixed for the life of the data'),
  ADMIN_KEY: z
    .string()
    .optional()
    .describe(
      'lets its holder do everything; at least 8 characters, 32 when `NODE_ENV` is `production`; ' +
        'users, quotes and shop refuse to start without one',
    ),
  ADMIN_KEYS: list(namedKey)
    .default([])
    .describe(
      'further admin keys as `name:key,name:key`, so that each can be withdrawn alone and the ' +
        'log says whose was used; `ADMIN_KEY` is named `admin`, and may be left out',
    ),
  COOKIE_SECRET: z
    .string()
    .optional()
    .describe('shop: what cookies are signed with, the same for all replicas; at least 32 bytes'),
  PASSWORD_MIN_LENGTH: integer(1, 128)
    .default(8)
    .describe(
      'characters that a new password must have; passwords that are there already keep working',
    ),
  APP_PORT: integer(0, 65535).default(5000).describe('port to listen on'),
  THROTTLE_LIMIT: integer(0, 1_000_000)
    .default(10)
    .describe(
      'requests a client may make within the window, over all services and replicas; ' +
        '0 turns the limit off',
    ),
  THROTTLE_USER_LIMIT: integer(1, 10_000_000)
    .optional()
    .describe(
      'the same for a user whose credentials were verified, in place of the limit of the ' +
        'address; ten times `THROTTLE_LIMIT` unless set',
    ),
  THROTTLE_WINDOW_SECONDS: integer(1, 86_400).default(60).describe('length of the sliding window'),
  TRUSTED_PROXIES: list(proxy)
    .default([])
    .describe(
      'proxies (IP, CIDR or host name, comma-separated) whose `X-Forwarded-For` is believed',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('least severe level that is logged'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url('must be a URL')
    .optional()
    .describe(
      'where traces go, by OTLP over HTTP, e.g. `http://collector:4318`; without it nothing is ' +
        'traced. The other `OTEL_EXPORTER_OTLP_*` variables, `OTEL_SERVICE_NAME` and ' +
        '`OTEL_RESOURCE_ATTRIBUTES` hold as well',
    ),
  OTEL_SDK_DISABLED: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true` turns tracing off'),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on')
    .describe('which requests are traced'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0?\.\d+|[01](\.0+)?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1)
    .describe('the share of requests that the `traceidratio` samplers trace'),
  DRAIN_SECONDS: integer(0, 300)
    .default(5)
    .describe('on SIGTERM, how long a service goes on serving while `/readyz` already fails'),
  DEMO_MODE: flag
    .default(false)
    .describe('shop: pay on a local page that charges nothing, instead of at Stripe'),
  DEBUG: flag.default(false).describe('shop: more detail in the log, and the page `/stripe-test`'),
  SHOP_URL: baseUrl.default(localUrl('shop')).describe('shop: the address that buyers see'),
  QUOTES_URL: baseUrl.default(localUrl('quotes')).describe('shop: the quotes service'),
  SEARCH_URL: baseUrl.default(localUrl('search')).describe('quotes and shop: the search service'),
  STRIPE_PUBLISHABLE_KEY: z
    .string()
    .optional()
    .describe('shop: publishable key of the Stripe account'),
  STRIPE_SECRET_KEY: z.string().optional().describe('shop: secret key of the Stripe account'),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .optional()
    .describe('shop: what payment events are signed with, in demo mode too'),
  STRIPE_API_URL: baseUrl
    .default('https://api.stripe.com')
    .describe("shop: Stripe's API; another one only for tests"),
});

/** The parsed environment, which every other module reads instead of `process.env`. */
export type Environment = z.infer<typeof environmentSchema>;

/** Why an ADMIN_KEY is unacceptable, or undefined when it may be used. */
export function adminKeyProblem(
  key: string | undefined,
  nodeEnv: Environment['NODE_ENV'],
): string | undefined {
  const minLength = MIN_KEY_LENGTH[nodeEnv];
  if (!key) return `is missing: set it to a secret of at least ${minLength} characters`;
  if (!/^[\x21-\x7e]+$/.test(key))
    return 'must be printable ASCII without spaces, since it travels in a header';
  if (nodeEnv === 'production' && WELL_KNOWN_KEYS.has(key.toLowerCase())) {
    return 'is a well-known example and NODE_ENV is production: choose a secret of your own';
  }
  if (key.length < minLength) {
    const when = nodeEnv === 'production' ? ' when NODE_ENV is production' : '';
    return `is too short: it must have at least ${minLength} characters${when}`;
  }
  return undefined;
}

/** Why the TLS settings for Redis are unacceptable, naming the variable, or undefined. */
export function redisTlsProblem(environment: Environment): string | undefined {
  const { REDIS_TLS, REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY, REDIS_TLS_SERVERNAME } =
    environment;
  const settings = { REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY, REDIS_TLS_SERVERNAME };
  const [stray] = Object.entries(settings).find(([, value]) => value !== undefined) ?? [];
  if (stray && !REDIS_TLS)
    return (
      `${stray} is set and REDIS_TLS is not: set it to true, ` +
      'or Redis would be spoken to in the clear'
    );
  if (REDIS_TLS_CERT && !REDIS_TLS_KEY)
    return 'REDIS_TLS_KEY is missing: REDIS_TLS_CERT is of no use without it';
  if (REDIS_TLS_KEY && !REDIS_TLS_CERT)
    return 'REDIS_TLS_CERT is missing: REDIS_TLS_KEY is of no use without it';
  return undefined;
}

/** All admin keys, the one of ADMIN_KEY first. */
export function adminKeysOf({
  ADMIN_KEY,
  ADMIN_KEYS,
}: Pick<Environment, 'ADMIN_KEY' | 'ADMIN_KEYS'>): NamedKey[] {
  return [...(ADMIN_KEY ? [{ name: ADMIN, key: ADMIN_KEY }] : []), ...ADMIN_KEYS];
}

/** Why the admin keys are unacceptable, naming the variable, or undefined. */
export function adminKeysProblem(
  environment: Pick<Environment, 'ADMIN_KEY' | 'ADMIN_KEYS' | 'NODE_ENV'>,
): string | undefined {
  const keys = adminKeysOf(environment);
  if (environment.ADMIN_KEY || keys.length === 0) {
    const problem = adminKeyProblem(environment.ADMIN_KEY, environment.NODE_ENV);
    if (problem) return `ADMIN_KEY ${problem}`;
  }
  for (const { name, key } of environment.ADMIN_KEYS) {
    if (name === ADMIN)
      return `ADMIN_KEYS must not name a key "${ADMIN}": that is the one of ADMIN_KEY`;
    const problem = adminKeyProblem(key, environment.NODE_ENV);
    if (problem) return `ADMIN_KEYS has a key "${name}" that ${problem}`;
  }
  if (new Set(keys.map(({ name }) => name)).size < keys.length)
    return 'ADMIN_KEYS gives one name to two keys';
  if (new Set(keys.map(({ key }) => key)).size < keys.length)
    return 'ADMIN_KEYS gives one key two names';
  return undefined;
}

/** Why a COOKIE_SECRET is unacceptable, or undefined when it may be used. */
export function cookieSecretProblem(secret: string | undefined): string | undefined {
  if (!secret)
    return `is missing: set it to a random secret of at least ${MIN_COOKIE_SECRET_BYTES} bytes`;
  if (Buffer.byteLength(secret) >= MIN_COOKIE_SECRET_BYTES) return undefined;
  return `is too short: it must have at least ${MIN_COOKIE_SECRET_BYTES} bytes`;
}

/** Why the shop's payment settings are unacceptable, naming the variable, or undefined. */
export function paymentProblem(environment: Environment): string | undefined {
  const { DEMO_MODE, NODE_ENV, STRIPE_PUBLISHABLE_KEY, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET } =
    environment;
  if (!STRIPE_WEBHOOK_SECRET)
    return 'STRIPE_WEBHOOK_SECRET is missing: without it payment events cannot be trusted';
  if (STRIPE_WEBHOOK_SECRET.length < 16)
    return 'STRIPE_WEBHOOK_SECRET is too short: it must have at least 16 characters';
  if (!DEMO_MODE && !STRIPE_SECRET_KEY)
    return 'STRIPE_SECRET_KEY is missing: set it, or set DEMO_MODE=True';
  if (!DEMO_MODE && !STRIPE_PUBLISHABLE_KEY)
    return 'STRIPE_PUBLISHABLE_KEY is missing: set it, or set DEMO_MODE=True';
  for (const [name, key] of Object.entries({ STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY })) {
    if (!/^[a-z]k_live_/.test(key ?? '')) continue;
    if (DEMO_MODE)
      return `${name} is a live key and DEMO_MODE is on: use a test key, or turn DEMO_MODE off`;
    if (NODE_ENV !== 'production')
      return `${name} is a live key and NODE_ENV is not production: use a test key`;
  }
  if (NODE_ENV === 'production' && environment.STRIPE_API_URL !== 'https://api.stripe.com') {
    return 'STRIPE_API_URL must be left alone when NODE_ENV is production: keys would go elsewhere';
  }
  return undefined;
}
