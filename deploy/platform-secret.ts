import {
  adminKeysProblem,
  cookieSecretProblem,
  environmentSchema,
} from '#libs/config/config.schema.ts';

/**
 * File beside an overlay's kustomization.yaml, ignored by git, that holds its secrets as plain
 * `KEY=value` lines.
 */
export const platformSecretFile = 'platform.secret';

/** The overlay of the shop, which gives out cookies. */
const SHOP_OVERLAY = 'privrocket-preprod';

/**
 * What an overlay's secret file must hold. It may also hold ADMIN_KEYS, and may lack BACKUP_KEY,
 * without which production's backups are not encrypted.
 */
export function platformSecretKeys(overlay: string): string[] {
  if (overlay === 'monitoring') return ['SMTP_PASSWORD', 'GRAFANA_PASSWORD'];
  return [
    'ADMIN_KEY',
    ...(overlay === SHOP_OVERLAY ? ['COOKIE_SECRET'] : []),
    ...(overlay === 'production' ? ['BACKUP_KEY'] : []),
  ];
}

/** Command that makes a secret file with random values, but for the mail account's password. */
export function makePlatformSecret(overlay: string, file: string): string {
  const lines = platformSecretKeys(overlay).map((key) => `${key}=%s\\n`);
  const values = platformSecretKeys(overlay).map((key) =>
    key === 'SMTP_PASSWORD' ? "'PASSWORD OF THE MAIL ACCOUNT'" : '"$(openssl rand -hex 32)"',
  );
  return `(umask 077; printf '${lines.join('')}' ${values.join(' ')} > ${file})`;
}

/**
 * Why the secrets of an overlay are unusable, or undefined when they may be deployed.
 * @param values lines of the secret file, parsed
 */
export function platformSecretProblem(
  overlay: string,
  values: NodeJS.Dict<string>,
): string | undefined {
  const missing = platformSecretKeys(overlay).find((key) => !values[key] && key !== 'BACKUP_KEY');
  if (missing) return `${missing} is missing`;
  if (overlay === 'monitoring') return undefined;
  const environment = environmentSchema.pick({ ADMIN_KEY: true, ADMIN_KEYS: true }).safeParse({
    ADMIN_KEY: values.ADMIN_KEY,
    ...(values.ADMIN_KEYS && { ADMIN_KEYS: values.ADMIN_KEYS }),
  });
  if (!environment.success) return `ADMIN_KEYS ${environment.error.issues[0]?.message}`;
  const adminKeys = adminKeysProblem({ ...environment.data, NODE_ENV: 'production' });
  if (adminKeys) return adminKeys;
  const cookieSecret =
    overlay === SHOP_OVERLAY ? cookieSecretProblem(values.COOKIE_SECRET) : undefined;
  if (cookieSecret) return `COOKIE_SECRET ${cookieSecret}`;
  if (values.BACKUP_KEY && values.BACKUP_KEY.length < 32)
    return 'BACKUP_KEY must have at least 32 characters';
  return undefined;
}
