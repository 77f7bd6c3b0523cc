import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { containersOf, type Manifest, workloads } from './manifest.loader.ts';

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
  const files = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      encoding: 'utf8',
    },
  );
  return files
    .split('\0')
    .filter((file) => file && lstatSync(file, { throwIfNoEntry: false })?.isFile())
    .flatMap((file) => findKeys(file, readFileSync(file, 'utf8')));
}

/** The lines of one file that look like a key; the finding does not repeat them. */
export const findKeys = (file: string, text: string): string[] =>
  text
    .split('\n')
    .flatMap((line, i) =>
      keys.some((key) => key.test(line)) ? [`${file}:${i + 1}: looks like a key`] : [],
    );

/**
 * Images of others whose digest was not to be found in public repositories when their version was
 * written down. A newer version is not in this list, and so must bring its digest.
 */
export const undigested = [
  'traefik:v3.7.15',
  'prom/prometheus:v3.16.0',
  'prom/alertmanager:v0.34.2',
];

/**
 * What is wrong with the images that the manifests, the compose file and the Dockerfiles name, as
 * sentences.
 */
export function checkImages(manifests: Manifest[]): string[] {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const named = (file: string, image: RegExp) => readFileSync(file, 'utf8').match(image) ?? [];
  const images = new Set([
    ...workloads(manifests).flatMap((workload) =>
      containersOf(workload).map(({ image = '' }) => image),
    ),
    ...named('deploy/local/compose.yaml', /(?<= image: )\S+/g),
    ...named('deploy/images/Dockerfile', /(?<=^ARG NODE=)\S+/gm),
    ...named('.devcontainer/Dockerfile', /(?<=^FROM )\S+/gm),
  ]);
  const own = [...images].filter((image) => image.startsWith('quotes-platform/'));
  const others = [...images].filter((image) => !own.includes(image));
  const references = Map.groupBy(others, (image) => /^[^:@]+/.exec(image)?.[0] ?? image);
  return [
    ...own
      .filter((image) => !image.endsWith(`:${version}`))
      .map((image) => `${image} is not version ${version}`),
    ...others
      .filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image) && !undigested.includes(image))
      .map((image) => `${image} is not pinned by digest`),
    ...[...references]
      .filter(([, different]) => different.length > 1)
      .map(([, different]) => `one image in different versions: ${different.join(', ')}`),
  ];
}
