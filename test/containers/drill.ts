/**
 * What the drills in containers share: the rendered environments, and requests as Traefik would
 * pass them on.
 */
import { execFileSync } from 'node:child_process';
import { type Manifest, ofKind, renderOverlays } from '#test/manifests/manifest.loader.ts';
import type { RunningPod } from './pod.runner.ts';

const tools = execFileSync('test/manifests/tools.sh', {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim();
const rendered = renderOverlays([`${tools}/kustomize`, 'build']);
/** Rendered objects of an overlay. */
export const objects = (overlay: string) => rendered.get(overlay)?.manifests ?? [];
const started = Date.now();
/** Prints what holds, and the seconds since the start. */
export const say = (line: string) =>
  process.stdout.write(`${line}   [${Math.round((Date.now() - started) / 1000)} s]\n`);

/** Value of a key of one of the environment's Secrets. */
export const secretOf = (manifests: Manifest[], key: string, secret = 'platform') => {
  const found = ofKind(manifests, 'Secret').find(({ metadata }) =>
    metadata.name?.startsWith(`${secret}-`),
  );
  return Buffer.from(found?.data?.[key] ?? '', 'base64').toString();
};

/** Sends a request to a pod on its container port. */
export async function send(
  pod: RunningPod,
  target: string,
  options: { key?: string; json?: unknown; client?: string } = {},
) {
  const [method = '', path = ''] = target.split(' ');
  return await fetch(`http://${pod.ip}:5000${path}`, {
    method,
    headers: {
      ...(options.key && { authorization: options.key }),
      ...(options.json !== undefined && { 'content-type': 'application/json' }),
      // Traefik sets this field. Each test is a client of its own, so that they share no limit.
      'x-forwarded-for': options.client ?? '192.0.2.1',
    },
    body: options.json === undefined ? null : JSON.stringify(options.json),
    signal: AbortSignal.timeout(10_000),
  });
}

/** Runs drills in order; the first that fails is printed and fails the process. */
export async function run(...drills: (() => Promise<void>)[]): Promise<void> {
  try {
    for (const drill of drills) await drill();
  } catch (error) {
    console.error(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
    process.exitCode = 1;
  }
}
