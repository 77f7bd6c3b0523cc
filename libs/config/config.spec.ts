import { ConfigError, parseConfig } from './config.ts';

const key = 'a-key-of-tests';
const parse = (env: NodeJS.ProcessEnv, adminKey = true) => parseConfig('users', { adminKey }, env);

describe('parseConfig', () => {
  it('has a default for all but the key', () => {
    expect(parse({ ADMIN_KEY: key })).toMatchObject({
      service: 'users',
      APP_PORT: 5000,
      REDIS_HOST: 'localhost',
      REDIS_PORT: 6379,
      THROTTLE_LIMIT: 10,
      THROTTLE_USER_LIMIT: 100,
      THROTTLE_WINDOW_SECONDS: 60,
      TRUSTED_PROXIES: [],
      LOG_LEVEL: 'info',
    });
  });

  it('reads numbers and lists', () => {
    expect(
      parse({
        ADMIN_KEY: key,
        REDIS_SENTINELS: 'a:26379, b:26380,',
        TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.168.0.1,proxy.example.svc,traefik',
        THROTTLE_LIMIT: '0',
      }),
    ).toMatchObject({
      REDIS_SENTINELS: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 26380 },
      ],
      TRUSTED_PROXIES: ['10.0.0.0/8', '::1', '192.168.0.1', 'proxy.example.svc', 'traefik'],
      THROTTLE_LIMIT: 0,
    });
  });

  it('takes an empty value for an unset one', () => {
    expect(parse({ ADMIN_KEY: key, APP_PORT: '', REDIS_PASSWORD: '' })).toMatchObject({
      APP_PORT: 5000,
    });
    expect(parse({ ADMIN_KEY: key, REDIS_PASSWORD: '' }).REDIS_PASSWORD).toBeUndefined();
  });

  it('needs no key for an app that guards nothing', () => {
    expect(parse({}, false).adminKeys).toEqual([]);
  });

  it.each([
    ['ADMIN_KEY', undefined],
    ['ADMIN_KEY', ''],
    ['ADMIN_KEY', 'seven77'],
    ['ADMIN_KEY', 'with a blank'],
    ['ADMIN_KEY', 'clé-secrète'],
    ['APP_PORT', 'http'],
    ['APP_PORT', '65536'],
    ['REDIS_PORT', '0'],
    ['REDIS_PORT', '6379.5'],
    ['REDIS_PORT', '1e3'],
    ['REDIS_DB', '16'],
    ['REDIS_DB', '-1'],
    ['REDIS_SENTINELS', 'host'],
    ['REDIS_SENTINELS', 'host:99999'],
    ['REDIS_CLUSTER', 'host:port'],
    ['REDIS_TLS', 'yes'],
    ['REDIS_TLS_CA', '/no/such/file'],
    ['REDIS_TLS_CA', import.meta.filename],
    ['REDIS_TLS_SERVERNAME', 'redis'],
    ['REDIS_SHARDS', '0'],
    ['THROTTLE_LIMIT', 'ten'],
    ['THROTTLE_LIMIT', '-1'],
    ['THROTTLE_USER_LIMIT', '0'],
    ['THROTTLE_WINDOW_SECONDS', '0'],
    ['TRUSTED_PROXIES', 'a proxy'],
    ['TRUSTED_PROXIES', '*'],
    ['TRUSTED_PROXIES', '-proxy'],
    ['TRUSTED_PROXIES', 'proxy_1'],
    ['TRUSTED_PROXIES', 'proxy:80'],
    ['TRUSTED_PROXIES', '10.0.0.256'],
    ['TRUSTED_PROXIES', 'proxy.1'],
    ['TRUSTED_PROXIES', 'proxy/24'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '::1/129'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['LOG_LEVEL', 'INFO'],
    ['DRAIN_SECONDS', '301'],
    ['NODE_ENV', 'prod'],
    ['PASSWORD_MIN_LENGTH', '0'],
    ['PASSWORD_MIN_LENGTH', '129'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    const refused = () => parse({ ADMIN_KEY: key, [name]: value });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(new RegExp(`^${name} [^\n]+$`));
  });

  it('never repeats a key that it refuses', () => {
    expect(() => parse({ ADMIN_KEY: 'seven77' })).not.toThrow(/seven77/);
  });

  it.each(['supersecretkey', 'SuperSecretKey', 'default_key'])(
    'refuses %s in production only',
    (well) => {
      expect(() => parse({ ADMIN_KEY: well, NODE_ENV: 'production' })).toThrow(
        /^ADMIN_KEY .*well-known/,
      );
      expect(parse({ ADMIN_KEY: well }).adminKeys).toEqual([{ name: 'admin', key: well }]);
    },
  );

  it('wants 32 characters of an admin key in production', () => {
    const production = (env: NodeJS.ProcessEnv) => parse({ NODE_ENV: 'production', ...env });
    expect(() => production({ ADMIN_KEY: 'x'.repeat(31) })).toThrow(
      /^ADMIN_KEY is too short: .* at least 32/,
    );
    expect(() => production({ ADMIN_KEYS: `alice:${'x'.repeat(31)}` })).toThrow(
      /^ADMIN_KEYS has a key "alice" that/,
    );
    expect(production({ ADMIN_KEY: 'x'.repeat(32) }).adminKeys).toHaveLength(1);
  });

  it('knows several admin keys by name, with and without ADMIN_KEY', () => {
    const ADMIN_KEYS = 'alice:key-of-alice, ci:key:of-ci';
    const named = [
      { name: 'alice', key: 'key-of-alice' },
      { name: 'ci', key: 'key:of-ci' },
    ];
    expect(parse({ ADMIN_KEYS }).adminKeys).toEqual(named);
    expect(parse({ ADMIN_KEY: key, ADMIN_KEYS }).adminKeys).toEqual([
      { name: 'admin', key },
      ...named,
    ]);
  });

  it.each([
    'unutterable',
    'a b:unutterable',
    ':unutterable',
    'admin:unutterable',
    'alice:short',
    'alice:',
    'a:unutterable,a:unutterable-2',
    'a:unutterable,b:unutterable',
    `a:${key}`,
  ])('refuses ADMIN_KEYS=%s without repeating it', (ADMIN_KEYS) => {
    const refused = () => parse({ ADMIN_KEY: key, ADMIN_KEYS });
    expect(refused).toThrow(/^ADMIN_KEYS [^\n]+$/);
    expect(refused).not.toThrow(new RegExp(`unutterable|short["']|${key}`));
  });

  it.each([undefined, '', 'x'.repeat(31)])(
    'refuses a shop with the COOKIE_SECRET "%s"',
    (COOKIE_SECRET) => {
      const shop = (env: NodeJS.ProcessEnv) =>
        parseConfig('shop', { adminKey: true, cookies: true }, { ADMIN_KEY: key, ...env });
      expect(() => shop({ COOKIE_SECRET })).toThrow(/^COOKIE_SECRET is .* at least 32 bytes$/);
      expect(shop({ COOKIE_SECRET: 'x'.repeat(32) }).COOKIE_SECRET).toHaveLength(32);
      expect(parse({}, false).COOKIE_SECRET).toBe('');
    },
  );

  it.each(['REDIS_TLS_CERT', 'REDIS_TLS_KEY'])('refuses %s alone', (name) => {
    const alone = () => parse({ ADMIN_KEY: key, REDIS_TLS: 'true', [name]: import.meta.filename });
    expect(alone).toThrow(/^REDIS_TLS_(KEY|CERT) is missing/);
  });

  it('refuses Sentinels and a cluster together', () => {
    expect(() => parse({ ADMIN_KEY: key, REDIS_SENTINELS: 'a:1', REDIS_CLUSTER: 'b:1' })).toThrow(
      /^REDIS_CLUSTER /,
    );
  });
});
