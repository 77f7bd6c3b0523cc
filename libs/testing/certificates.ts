import { execFileSync } from 'node:child_process';

/**
 * Makes an authority (AUTHORITY.pem, AUTHORITY.key) in a folder, and a certificate that it has
 * signed (NAME.pem, NAME.key).
 * @param subject what the certificate is for, as `IP:127.0.0.1,DNS:redis.example`
 */
export function certify(folder: string, authority: string, name: string, subject: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const make = (file: string, ...args: string[]) =>
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          ...key,
          '-keyout',
          `${file}.key`,
          '-out',
          `${file}.pem`,
          '-subj',
          `/CN=${file}`,
        ],
        ...args,
      ],
      { cwd: folder, stdio: 'pipe' },
    );
  make(authority);
  const by = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`];
  make(name, ...by, '-addext', `subjectAltName=${subject}`);
}
