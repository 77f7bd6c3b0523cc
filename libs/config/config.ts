import {
  adminKeysOf,
  adminKeysProblem,
  cookieSecretProblem,
  type Environment,
  environmentSchema,
  type NamedKey,
  paymentProblem,
  redisTlsProblem,
} from './config.schema.ts';

/** A wrong environment; the message is one line that names the variable and says why. */
export class ConfigError extends Error {}

/** What an app asks of the environment beyond the common variables. */
export interface ConfigRequirements {
  /** Whether the app guards anything with ADMIN_KEY and so must not start without a good one. */
  adminKey: boolean;
  /** Whether the app gives out cookies and so must not start without a good COOKIE_SECRET. */
  cookies?: boolean;
  /** Whether the app takes payments and so must not start without sound settings for them. */
  payments?: boolean;
}

/** The configuration of one app. Keys and secrets that the app requires are acceptable. */
export interface Config extends Readonly<Environment> {
  /** Name of the app: users, quotes, search... */
  readonly service: string;
  /** Requests that a verified user may make within the window. */
  readonly THROTTLE_USER_LIMIT: number;
  /** All admin keys, that of ADMIN_KEY among them. */
  readonly adminKeys: readonly NamedKey[];
  /** Acceptable COOKIE_SECRET, or the empty string in an app that needs none. */
  readonly COOKIE_SECRET: string;
}

/** Injection token of the {@link Config}. */
export const CONFIG = Symbol('CONFIG');

/**
 * Parses and validates the environment.
 * @throws ConfigError naming the first wrong variable
 */
export function parseConfig(
  service: string,
  requirements: ConfigRequirements,
  env: NodeJS.ProcessEnv,
): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = environmentSchema.safeParse(set);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ConfigError(
      `${String(issue?.path[0])} ${issue?.message.replace(/^Invalid option: expected/, 'must be')}`,
    );
  }
  const problem = requirements.adminKey ? adminKeysProblem(result.data) : undefined;
  if (problem) throw new ConfigError(problem);
  const cookieIssue = requirements.cookies
    ? cookieSecretProblem(result.data.COOKIE_SECRET)
    : undefined;
  if (cookieIssue) throw new ConfigError(`COOKIE_SECRET ${cookieIssue}`);
  const paymentIssue = requirements.payments ? paymentProblem(result.data) : undefined;
  if (paymentIssue) throw new ConfigError(paymentIssue);
  const tlsIssue = redisTlsProblem(result.data);
  if (tlsIssue) throw new ConfigError(tlsIssue);
  if (result.data.REDIS_SENTINELS.length > 0 && result.data.REDIS_CLUSTER.length > 0) {
    throw new ConfigError('REDIS_CLUSTER cannot be combined with REDIS_SENTINELS: set one of them');
  }
  return Object.freeze({
    ...result.data,
    service,
    THROTTLE_USER_LIMIT: result.data.THROTTLE_USER_LIMIT ?? 10 * result.data.THROTTLE_LIMIT,
    adminKeys: adminKeysOf(result.data),
    COOKIE_SECRET: result.data.COOKIE_SECRET ?? '',
    LOG_LEVEL: set.LOG_LEVEL === undefined && result.data.DEBUG ? 'debug' : result.data.LOG_LEVEL,
  });
}

/**
 * Loads the configuration of this process. A wrong environment ends the process with one line on
 * standard error.
 * @param status exit status for a wrong environment
 */
export function loadConfig(service: string, requirements: ConfigRequirements, status = 1): Config {
  try {
    // biome-ignore lint/style/noProcessEnv: the one place that reads the environment
    return parseConfig(service, requirements, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${service} cannot start: ${error.message}\n`);
    process.exit(status);
  }
}
