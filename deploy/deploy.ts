/**
 * `npm run deploy -- ENVIRONMENT [--ip ADDRESS]`: applies an overlay to the cluster that kubectl
 * points at, waits until it runs, and prints what it did. Everything that can be wrong is checked
 * before anything is applied.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { parseArgs, parseEnv } from 'node:util';
import {
  makePlatformSecret,
  platformSecretFile,
  platformSecretProblem,
} from './platform-secret.ts';
import { redisSecretsProblem, redisUsersOf, writeRedisAcls } from './redis-secrets.ts';
import { makeStripeSecret, stripeSecretFile, stripeSecretProblem } from './stripe-secret.ts';

/**
 * Address in the hosts of the Ingress; right for `minikube tunnel`, kind and k3s on this machine.
 */
const defaultIp = '127.0.0.1';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { ip: { type: 'string' } },
});
const [overlay = ''] = positionals;
const folder = `deploy/overlays/${overlay}`;
const secretFile = `${folder}/${platformSecretFile}`;
const ip = values.ip ?? defaultIp;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function kubectl(args: string[], input?: string): SpawnSyncReturns<string> {
  const result = spawnSync('kubectl', args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    ...(input !== undefined && { input }),
  });
  if (result.error) fail('kubectl is not installed: https://kubernetes.io/docs/tasks/tools/');
  return result;
}

/** Output of a kubectl command that has to succeed. */
function must(purpose: string, args: string[], input?: string): string {
  const { status, stdout, stderr } = kubectl(args, input);
  if (status !== 0) fail(`${purpose}: ${stderr.trim()}`);
  return stdout;
}

const overlays = readdirSync('deploy/overlays');
if (positionals.length !== 1 || !overlays.includes(overlay)) {
  fail(`Which overlay? npm run deploy -- ${overlays.join('|')} [--ip ADDRESS]`);
}
if (!isIPv4(ip)) fail(`--ip ${ip} is not an IPv4 address`);
if (readFileSync(`${folder}/kustomization.yaml`, 'utf8').includes(platformSecretFile)) {
  if (!existsSync(secretFile))
    fail(`${secretFile} is missing. Make it with:\n  ${makePlatformSecret(overlay, secretFile)}`);
  const problem = platformSecretProblem(overlay, parseEnv(readFileSync(secretFile, 'utf8')));
  if (problem) fail(`${secretFile}: ${problem}`);
}
if (redisUsersOf(folder).length > 0) {
  const problem = redisSecretsProblem(folder);
  if (problem) fail(problem);
  writeRedisAcls(folder);
}
if (readFileSync(`${folder}/kustomization.yaml`, 'utf8').includes(stripeSecretFile)) {
  const file = `${folder}/${stripeSecretFile}`;
  if (!existsSync(file)) fail(`${file} is missing. Make it with:\n  ${makeStripeSecret(file)}`);
  const problem = stripeSecretProblem(parseEnv(readFileSync(file, 'utf8')));
  if (problem) fail(`${file}: ${problem}`);
}
const context = must('No cluster is selected', ['config', 'current-context']).trim();
must(`The cluster of context ${context} does not answer`, ['version', '--request-timeout=10s']);
const manifests = must(`${overlay} does not render`, ['kustomize', folder]).replaceAll(
  `${defaultIp}.nip.io`,
  `${ip}.nip.io`,
);

// Traefik's rights are in the namespaces that it serves, which may not exist yet.
const targets = new Set(
  [...manifests.matchAll(/^ {2}namespace: (\S+)$/gm)].map(([, name = '']) => name),
);
const own = new Set(
  [...manifests.matchAll(/^kind: Namespace\nmetadata:\n(?: {2}.*\n)*? {2}name: (\S+)$/gm)].map(
    ([, name]) => name,
  ),
);
for (const name of targets) {
  if (own.has(name) || kubectl(['get', 'namespace', name]).status === 0) continue;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  console.log(
    must('Not applied', ['apply', '--filename', '-'], JSON.stringify(namespace)).trimEnd(),
  );
}

console.log(`Applying ${overlay} to ${context}:`);
console.log(must('Not applied', ['apply', '--filename', '-'], manifests).trimEnd());
const namespace = ['--namespace', overlay];
const workloads = must('No workloads', [
  'get',
  'deployments,statefulsets',
  '--output',
  'name',
  ...namespace,
]);
for (const workload of workloads.split('\n').filter(Boolean)) {
  console.log(
    must(`${workload} does not get ready`, [
      'rollout',
      'status',
      workload,
      '--timeout=10m',
      ...namespace,
    ]).trimEnd(),
  );
}
console.log(must('No pods', ['get', 'pods', ...namespace]).trimEnd());
for (const host of new Set(manifests.match(/[\w.-]+\.nip\.io/g))) {
  const page = overlay === 'privrocket-preprod' ? '' : 'quotes';
  // The shop's cookies travel by HTTPS only where SHOP_URL says so.
  const scheme = /secretName: tls$|SHOP_URL: https:/m.test(manifests) ? 'https' : 'http';
  console.log(`Open: ${scheme}://${host}/${page}   (through Traefik: npm run deploy -- traefik)`);
}
