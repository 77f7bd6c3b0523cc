import { execFileSync, spawnSync } from 'node:child_process';
import { checkEdge } from './edge.check.ts';
import { checkEdgeSettings } from './edge.settings.ts';
import { checkEnvironment } from './environment.check.ts';
import { checkHardening } from './hardening.check.ts';
import { checkIsolation } from './isolation.check.ts';
import { type Manifest, renderOverlays } from './manifest.loader.ts';
import { mutants } from './mutants.ts';
import { checkQuota, quotaTable } from './quota.check.ts';
import { checkReferences } from './references.check.ts';
import { checkImages, checkKeys, undigested } from './repository.check.ts';
import { checkRollout } from './rollout.check.ts';

/** The oldest version of Kubernetes that is supported, and the newest whose schemas are pinned. */
const kubernetesVersions = ['1.29.0', '1.37.0'];

/** Rules of kube-score that are not followed here, with the reason. */
const waivers = {
  'container-image-pull-policy':
    'tags are exact, and images loaded into minikube or kind are in no registry',
  'deployment-has-host-podantiaffinity':
    'topology spread does it, and still runs on a cluster of one node',
  'statefulset-has-host-podantiaffinity': 'as above',
};

/** Environments, whose settings are also `.env.NAME` at the top level. */
const environments = ['qualification', 'production'];

/** Everything that is computed from the objects alone: what the mutants are tried on. */
function checkManifests(byOverlay: Map<string, Manifest[]>): string[] {
  const manifests = [...byOverlay.values()].flat();
  return [
    ...checkReferences(manifests),
    ...checkIsolation(manifests).findings,
    ...checkQuota(manifests).findings,
    ...checkHardening(manifests),
    ...checkImages(manifests),
    ...checkEdgeSettings(manifests),
    ...environments.flatMap((name) => checkEnvironment(name, byOverlay.get(name) ?? [])),
  ];
}

/** Runs a tool on a rendered overlay and returns its complaints, one a line. */
function complaints(tool: string, args: string[], input: string, ignore: RegExp): string[] {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { input, encoding: 'utf8' });
  if (error) throw error;
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => line.trim() && !ignore.test(line));
  return status === 0 || lines.length > 0 ? lines : [`${tool} failed with status ${status}`];
}

const tools = execFileSync('test/manifests/tools.sh', {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim();
const schemas = `${tools}/../schemas/{{.NormalizedKubernetesVersion}}-local-strict/{{.ResourceKind}}{{.KindSuffix}}.json`;
const rendered = renderOverlays([`${tools}/kustomize`, 'build']);
const byOverlay = new Map([...rendered].map(([name, { manifests }]) => [name, manifests]));
let failed = 0;
const report = (title: string, findings: string[]) => {
  process.stdout.write(
    `${findings.length === 0 ? 'ok  ' : 'FAIL'} ${title}\n${findings.map((f) => `     ${f}\n`).join('')}`,
  );
  failed += findings.length;
};

for (const [name, { text, manifests }] of rendered) {
  report(`${name} renders: ${text.split('\n').length} lines, ${manifests.length} objects`, []);
  for (const version of kubernetesVersions) {
    const args = ['-strict', '-kubernetes-version', version, '-schema-location', schemas];
    report(
      `${name} is valid for Kubernetes ${version}`,
      complaints(`${tools}/kubeconform`, args, text, /^$/),
    );
  }
  const args = [
    'score',
    '--output-format',
    'ci',
    '--ignore-test',
    Object.keys(waivers).join(','),
    '-',
  ];
  report(
    `${name} passes kube-score`,
    complaints(`${tools}/kube-score`, args, text, /^\[(OK|SKIPPED)\]/),
  );
}
const manifests = [...byOverlay.values()].flat();
report('references hold', checkReferences(manifests));
const { findings, asked, open } = checkIsolation(manifests);
report(`isolation: ${open} of ${asked} ways between pods are open, each meant`, findings);
const quota = checkQuota(manifests);
report('quota holds everything at its maximum in the middle of a rollout', quota.findings);
process.stdout.write(`${quotaTable(quota.rows).replace(/^/gm, '     ')}\n`);
report('hardening', checkHardening(manifests));
report('images are pinned, each in one version', checkImages(manifests));
for (const name of environments) {
  report(`.env.${name} is what its pods get`, checkEnvironment(name, byOverlay.get(name) ?? []));
}
report("Traefik's settings", checkEdgeSettings(manifests));
const [edge, rollout] = await Promise.all([
  checkEdge(`${tools}/traefik`, manifests),
  checkRollout(`${tools}/traefik`, manifests),
]);
report('the real Traefik routes, limits and outlives crashes on every public path', edge);
report(`Traefik rolls under ${rollout.requests} requests, none of which fails`, rollout.findings);
report('no key-like string in the tree', checkKeys());

// Checks that cannot fail prove nothing: each mistake below must be found.
const missed = mutants.filter(({ spoil, finding }) => {
  const copy = structuredClone(byOverlay);
  spoil([...copy.values()].flat());
  return !checkManifests(copy).some((sentence) => finding.test(sentence));
});
report(
  `${mutants.length} planted mistakes are found`,
  missed.map(({ finding }) => `not found: ${finding}`),
);

for (const image of undigested) process.stdout.write(`     waived: the digest of ${image}\n`);
for (const [test, reason] of Object.entries(waivers))
  process.stdout.write(`     waived: ${test}, because ${reason}\n`);
process.exitCode = failed === 0 ? 0 : 1;
