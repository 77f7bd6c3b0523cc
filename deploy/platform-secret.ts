import { adminKeyProblem } from '#libs/config/config.schema.ts';

/** File beside an overlay's kustomization.yaml, ignored by git, that holds its secrets as plain `KEY=value` lines. */
export const platformSecretFile = 'platform.secret';

/** What an overlay's secret file holds; without BACKUP_KEY, which it need not hold, production's backups are not encrypted. */
export const platformSecretKeys = (overlay: string) => {
  if (overlay === 'monitoring') return ['SMTP_PASSWORD', 'GRAFANA_PASSWORD'];
  return ['ADMIN_KEY', ...(overlay === 'production' ? ['BACKUP_KEY'] : [])];
};

/** Command that makes a new secret file with random values. Only the mail account's password cannot be made up. */
export function makePlatformSecret(overlay: string, file: string): string {
  const lines = platformSecretKeys(overlay).map((key) => `${key}=%s\\n`);
  const values = platformSecretKeys(overlay).map((key) =>
    key === 'SMTP_PASSWORD' ? "'PASSWORD OF THE MAIL ACCOUNT'" : '"$(openssl rand -hex 24)"',
  );
  return `(umask 077; printf '${lines.join('')}' ${values.join(' ')} > ${file})`;
}

/**
 * What makes the secrets of an overlay unusable, or undefined when they may be deployed.
 * @param values lines of the secret file, parsed
 */
export function platformSecretProblem(overlay: string, values: NodeJS.Dict<string>): string | undefined {
  const missing = platformSecretKeys(overlay).find((key) => !values[key] && key !== 'BACKUP_KEY');
  if (missing) return `${missing} is missing`;
  if (overlay === 'monitoring') return undefined;
  const adminKey = adminKeyProblem(values.ADMIN_KEY, 'production');
  if (adminKey) return `ADMIN_KEY ${adminKey}`;
  if (values.BACKUP_KEY && values.BACKUP_KEY.length < 32) return 'BACKUP_KEY must have at least 32 characters';
  return undefined;
}
