import { adminKeyProblem } from '#libs/config/config.schema.ts';

/** File beside an environment's kustomization.yaml, ignored by git, that holds its secrets as plain `KEY=value` lines. */
export const platformSecretFile = 'platform.secret';

/** Command that makes a new secret file with random values. */
export const makePlatformSecret = (file: string) =>
  `(umask 077; printf 'ADMIN_KEY=%s\\nREDIS_PASSWORD=%s\\n' "$(openssl rand -hex 24)" "$(openssl rand -hex 24)" > ${file})`;

/**
 * What makes the secrets of an environment unusable, or undefined when they may be deployed.
 * @param values lines of the secret file, parsed
 */
export function platformSecretProblem(values: NodeJS.Dict<string>): string | undefined {
  const adminKey = adminKeyProblem(values.ADMIN_KEY, 'production');
  if (adminKey) return `ADMIN_KEY ${adminKey}`;
  // It stands on a command line and in a space-separated configuration file of Redis.
  if (!/^[\w.~-]{16,}$/.test(values.REDIS_PASSWORD ?? '')) {
    return 'REDIS_PASSWORD must be at least 16 characters of A-Z a-z 0-9 . _ ~ -';
  }
  return undefined;
}
