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
        TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.168.0.1',
        THROTTLE_LIMIT: '0',
      }),
    ).toMatchObject({
      REDIS_SENTINELS: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 26380 },
      ],
      TRUSTED_PROXIES: ['10.0.0.0/8', '::1', '192.168.0.1'],
      THROTTLE_LIMIT: 0,
    });
  });

  it('takes an empty value for an unset one', () => {
    expect(parse({ ADMIN_KEY: key, APP_PORT: '', REDIS_PASSWORD: '' })).toMatchObject({ APP_PORT: 5000 });
    expect(parse({ ADMIN_KEY: key, REDIS_PASSWORD: '' }).REDIS_PASSWORD).toBeUndefined();
  });

  it('needs no key for an app that guards nothing', () => {
    expect(parse({}, false).ADMIN_KEY).toBe('');
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
    ['THROTTLE_WINDOW_SECONDS', '0'],
    ['TRUSTED_PROXIES', 'proxy'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '::1/129'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['LOG_LEVEL', 'INFO'],
    ['DRAIN_SECONDS', '301'],
    ['NODE_ENV', 'prod'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    const refused = () => parse({ ADMIN_KEY: key, [name]: value });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(new RegExp(`^${name} [^\n]+$`));
  });

  it('never repeats a key that it refuses', () => {
    expect(() => parse({ ADMIN_KEY: 'seven77' })).not.toThrow(/seven77/);
  });

  it.each(['supersecretkey', 'SuperSecretKey', 'default_key'])('refuses %s in production only', (well) => {
    expect(() => parse({ ADMIN_KEY: well, NODE_ENV: 'production' })).toThrow(/^ADMIN_KEY .*well-known/);
    expect(parse({ ADMIN_KEY: well }).ADMIN_KEY).toBe(well);
  });

  it.each(['REDIS_TLS_CERT', 'REDIS_TLS_KEY'])('refuses %s alone', (name) => {
    const alone = () => parse({ ADMIN_KEY: key, REDIS_TLS: 'true', [name]: import.meta.filename });
    expect(alone).toThrow(/^REDIS_TLS_(KEY|CERT) is missing/);
  });

  it('refuses Sentinels and a cluster together', () => {
    expect(() => parse({ ADMIN_KEY: key, REDIS_SENTINELS: 'a:1', REDIS_CLUSTER: 'b:1' })).toThrow(/^REDIS_CLUSTER /);
  });
});
