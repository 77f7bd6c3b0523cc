import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { type Manifest, workloads } from './manifest.loader.ts';

/** Shapes of keys that must never be in a repository. */
const keys = [
  /\b[sprw]k_(live|test)_\w{8}/,
  /\bwhsec_\w{8}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bgh[opsu]_\w{20}/,
  /\bxox[abp]-\w{8}/,
  /\beyJ[\w-]{16,}\.eyJ/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
];

/** Tracked files with a line that looks like a key. */
export function checkKeys(): string[] {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  return files
    .split('\0')
    .filter((file) => file && lstatSync(file, { throwIfNoEntry: false })?.isFile())
    .flatMap((file) => findKeys(file, readFileSync(file, 'utf8')));
}

/** The lines of one file that look like a key; the finding does not repeat them. */
export const findKeys = (file: string, text: string): string[] =>
  text
    .split('\n')
    .flatMap((line, i) => (keys.some((key) => key.test(line)) ? [`${file}:${i + 1}: looks like a key`] : []));

/** Images of our own, in the manifests and in the compose file, whose tag is not the version of package.json. */
export function checkVersions(manifests: Manifest[]): string[] {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const rendered = workloads(manifests)
    .flatMap(({ template }) => template.spec?.containers ?? [])
    .map(({ image = '' }) => image);
  const composed = readFileSync('deploy/local/compose.yaml', 'utf8').match(/quotes-platform\/\S+/g) ?? [];
  return [...rendered, ...composed]
    .filter((image) => image.startsWith('quotes-platform/') && !image.endsWith(`:${version}`))
    .map((image) => `${image} is not version ${version}`);
}
