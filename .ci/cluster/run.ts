/**
 * `npm run check:cluster`: the overlays on a real control plane, put there by `npm run deploy`. Admission, controllers, quota, disruption budgets, permissions and autoscaling
 * are Kubernetes' own; kubelets are simulated, so no container runs, and no network enforces the NetworkPolicies.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { eventually } from '#libs/testing/eventually.ts';
import type { Manifest } from '../deploy/manifest.loader.ts';
import { checkQuota, quantity } from '../deploy/quota.check.ts';
import { proveAutoscaling } from './autoscaling.ts';
import { ControlPlane } from './control-plane.ts';

const overlays = ['traefik', 'qualification', 'production', 'monitoring', 'privrocket-preprod'];
/** Those with a quota. */
const environments = ['qualification', 'production'];
/** Address in the hosts of the Ingress, as `--ip` gives it. */
const ip = '10.96.3.7';

/** Everything that a ServiceAccount may do beyond what every account may; those not named, nothing. */
const permitted: Record<string, string[]> = {
  'traefik/traefik': [
    'endpointslices.discovery.k8s.io [list watch]',
    'ingressclasses.networking.k8s.io [get list watch]',
    'ingresses.networking.k8s.io [get list watch]',
    'ingresses.networking.k8s.io/status [update]',
    'nodes [get list watch]',
    'secrets [get list watch]',
    'services [get list watch]',
  ],
  'monitoring/prometheus': ['nodes [get list watch]', 'nodes/metrics [get]', 'pods [get list watch]'],
  'monitoring/kube-state-metrics': [
    'horizontalpodautoscalers.autoscaling [list watch]',
    'pods [list watch]',
    'resourcequotas [list watch]',
  ],
};

/** A pod that Pod Security "restricted" admits. */
const harmless = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe' },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'probe',
        image: 'probe',
        resources: {},
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
};

const tools = execFileSync('.ci/cluster/tools.sh', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const started = Date.now();
const say = (line: string) => process.stdout.write(`${line}   [${Math.round((Date.now() - started) / 1000)} s]\n`);

const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
/** A copy of what a deployment needs: a developer's own secrets are neither read nor changed. */
const checkout = join(folder, 'checkout');
try {
  mkdirSync(checkout);
  for (const part of ['package.json', 'deploy', 'libs', 'docs']) {
    cpSync(part, join(checkout, part), { recursive: true, filter: (path) => !/\.(secret|acl)$/.test(path) });
  }
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
  await using cluster = await ControlPlane.start(tools, folder);
  say(
    `ok   ${(await cluster.kubectl(['version'])).match(/Server Version: .*/)?.[0]} with RBAC and the default admission`,
  );
  await installs(cluster);
  await admission(cluster);
  await permissions(cluster);
  await disruption(cluster);
  await quota(cluster);
  await rollback(cluster);
  await restore(cluster);
  await proveAutoscaling(cluster, say);
} catch (error) {
  console.error(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
  process.exitCode = 1;
}

/** Runs a command line in the copy, against the cluster. @throws when it fails, with what it said */
async function shell(cluster: ControlPlane, line: string): Promise<string> {
  const options = { cwd: checkout, env: cluster.env, maxBuffer: 2 ** 26 };
  return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', line], options)).stdout;
}

function deploy(cluster: ControlPlane, overlay: string): Promise<string> {
  return shell(cluster, `npm run --silent deploy -- ${overlay} --ip ${ip}`);
}

/** What a deployment said of each object: created, configured or unchanged. */
function applied(output: string): { name: string; outcome: string }[] {
  const lines = output.matchAll(/^(\S+\/\S+) (created|configured|unchanged)$/gm);
  return [...lines].map(([, name = '', outcome = '']) => ({ name, outcome }));
}

/** Deploys, and answers with the objects that it changed. */
async function changes(cluster: ControlPlane, overlay: string): Promise<string[]> {
  const generations = async () => {
    const { items } = await cluster.get('deployments,statefulsets,poddisruptionbudgets', overlay);
    const name = ({ apiVersion, kind, metadata }: Manifest) =>
      `${kind.toLowerCase()}.${apiVersion.split('/')[0]}/${metadata.name}`;
    return new Map<string, number>(items.map((item: Manifest) => [name(item), item.metadata.generation]));
  };
  const before = await generations();
  const objects = applied(await deploy(cluster, overlay));
  const after = await generations();
  return (
    objects
      .filter(({ outcome }) => outcome !== 'unchanged')
      .map(({ name }) => name)
      // It removes itself a minute after it ended.
      .filter((name) => name !== 'job.batch/seed')
      // kubectl sends the selector of a budget and the claims of a StatefulSet every time and calls that "configured": a change is a new generation.
      .filter((name) => !before.has(name) || before.get(name) !== after.get(name))
  );
}

/** Waits until all rollouts of a namespace are through. */
async function settled(cluster: ControlPlane, namespace: string): Promise<void> {
  const { items } = await cluster.get('deployments,statefulsets', namespace);
  for (const { kind, metadata } of items) {
    await cluster.kubectl(['rollout', 'status', `${kind}/${metadata.name}`, '--namespace', namespace, '--timeout=5m']);
  }
}

async function installs(cluster: ControlPlane): Promise<void> {
  for (const overlay of overlays) {
    let output = '';
    let commands = 0;
    for (;;) {
      const result = await deploy(cluster, overlay).catch((error: Error & { stderr: string }) => error);
      if (typeof result === 'string') {
        output = result;
        break;
      }
      const [, command] = /is missing\. Make it with:\n {2}(.+)/.exec(result.stderr) ?? [];
      assert.ok(command, result.stderr || result.message);
      assert.equal(cluster.attempt(['get', 'namespace', overlay]).status, 1, 'applied without its secrets');
      await shell(cluster, command);
      commands += 1;
    }
    const objects = applied(output);
    assert.ok(objects.every(({ outcome }) => outcome === 'created'));
    const { items } = await cluster.get('pods', overlay);
    assert.ok(items.length > 0 && items.every(({ status }: never) => isReady(status)));
    const secrets = commands > 0 ? `; refused before, missing secrets made as it said` : '';
    say(`ok   ${overlay}: ${objects.length} objects admitted, all rolled out, ${items.length} pods ready${secrets}`);
  }
  for (const overlay of overlays) {
    const { stderr, status } = cluster.attempt([
      ...['apply', '--dry-run=server', '--kustomize', join(checkout, 'deploy/overlays', overlay)],
    ]);
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 }, 'a warning of the API server');
    assert.deepEqual(await changes(cluster, overlay), [], overlay);
  }
  say('ok   deployed a second time: nothing changed; no warning, no unknown or deprecated field');
}

function isReady(status: { conditions?: { type: string; status: string }[]; phase: string }): boolean {
  return (
    status.phase === 'Succeeded' ||
    status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

async function admission(cluster: ControlPlane): Promise<void> {
  const probe = (namespace: string, change: (pod: typeof harmless) => void) => {
    const pod = structuredClone(harmless);
    change(pod);
    const create = ['create', '--dry-run=server', '--output=json', '--namespace', namespace, '--filename=-'];
    return cluster.attempt(create, JSON.stringify(pod));
  };
  const container = ({ spec }: typeof harmless) => spec.containers[0] as object as Record<string, object>;
  for (const namespace of overlays) {
    const plain = probe(namespace, () => {});
    assert.equal(plain.status, 0, plain.stderr);
    const forbidden: [string, (pod: typeof harmless) => void][] = [
      [
        'privileged',
        (pod) =>
          Object.assign(container(pod).securityContext ?? {}, { privileged: true, allowPrivilegeEscalation: true }),
      ],
      ['runAsNonRoot', (pod) => Object.assign(pod.spec.securityContext, { runAsNonRoot: false })],
      ['hostNetwork', (pod) => Object.assign(pod.spec, { hostNetwork: true })],
      ['hostPath', (pod) => Object.assign(pod.spec, { volumes: [{ name: 'host', hostPath: { path: '/' } }] })],
    ];
    for (const [what, change] of forbidden) {
      const { status, stderr } = probe(namespace, change);
      assert.equal(status, 1, `${namespace} admits ${what}`);
      assert.match(stderr, /violates PodSecurity "restricted:latest"/);
      assert.match(stderr, new RegExp(what));
    }
  }
  say('ok   a privileged pod, one as root, on the host network or with a host path: refused in every namespace');

  for (const namespace of environments) {
    const { spec } = JSON.parse(probe(namespace, () => {}).stdout);
    assert.deepEqual(spec.containers[0].resources, {
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { cpu: '100m', memory: '128Mi' },
    });
    const { stderr } = probe(namespace, (pod) => {
      Object.assign(container(pod), { resources: { requests: { cpu: '1m' }, limits: { cpu: '2' } } });
    });
    assert.match(stderr, /maximum cpu usage per Container is 1, but limit is 2/);
  }
  say('ok   a pod that names no limits gets those of the LimitRange; one beyond its maximum is refused');

  const mounting = new Set<string>();
  for (const namespace of overlays) {
    for (const { spec } of (await cluster.get('pods', namespace)).items) {
      const sources = spec.volumes?.flatMap(
        (volume: { projected?: { sources: object[] } }) => volume.projected?.sources,
      );
      if (sources?.some((source: object | undefined) => source && 'serviceAccountToken' in source)) {
        mounting.add(`${namespace}/${spec.serviceAccountName}`);
      }
    }
  }
  assert.deepEqual([...mounting].sort(), Object.keys(permitted).sort());
  say(`ok   a token of the API is mounted for ${[...mounting].join(', ')} and nobody else`);
}

async function permissions(cluster: ControlPlane): Promise<void> {
  /** What an account may do in a namespace, as the authorizer lists it. */
  const rules = async (account: string, namespace: string) => {
    const [home, name] = account.split('/');
    const list = ['auth', 'can-i', '--list', '--no-headers', '--namespace', namespace];
    const lines = (await cluster.kubectl([...list, `--as=system:serviceaccount:${home}:${name}`]))
      .trimEnd()
      .split('\n');
    return lines.map((line) => line.replace(/\s+\[\]\s+\[\]\s+/, ' '));
  };
  const everyone = new Set(await rules('default/default', 'default'));
  const accounts: string[] = [];
  for (const namespace of overlays) {
    for (const { metadata } of (await cluster.get('serviceaccounts', namespace)).items) {
      const account = `${namespace}/${metadata.name}`;
      accounts.push(account);
      for (const where of [namespace, 'production', 'kube-system']) {
        const own = (await rules(account, where)).filter((rule) => !everyone.has(rule));
        assert.deepEqual(own.sort(), permitted[account] ?? [], `${account} in ${where}`);
      }
    }
  }
  for (const account of Object.keys(permitted)) {
    assert.ok(accounts.includes(account), account);
    // Asked one by one as well, for what would hurt most.
    for (const deed of ['create secrets', 'update secrets', 'delete pods', 'create pods/exec', 'impersonate users']) {
      const [home, name] = account.split('/');
      const question = ['auth', 'can-i', ...deed.split(' '), '--all-namespaces'];
      const { stdout } = cluster.attempt([...question, `--as=system:serviceaccount:${home}:${name}`]);
      assert.equal(stdout.trim(), 'no', `${account} may ${deed}`);
    }
  }
  for (const account of ['monitoring/prometheus', 'monitoring/kube-state-metrics']) {
    const [home, name] = account.split('/');
    const { stdout } = cluster.attempt([
      'auth',
      'can-i',
      'get',
      'secrets',
      `--as=system:serviceaccount:${home}:${name}`,
    ]);
    assert.equal(stdout.trim(), 'no', `${account} may read secrets`);
  }
  say(
    `ok   ${Object.keys(permitted).length} ServiceAccounts may do exactly what they need, the other ${accounts.length - Object.keys(permitted).length} nothing`,
  );
}

async function disruption(cluster: ControlPlane): Promise<void> {
  const { items: budgets } = await cluster.get('poddisruptionbudgets --all-namespaces');
  assert.ok(budgets.length > 0);
  const evict = (namespace: string, name: string) =>
    cluster.attempt(
      ['create', '--raw', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, '--filename=-'],
      JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }),
    );
  // What is evicted now finds no other place: as if the cluster were full.
  await cluster.cordon(true);
  const counted: string[] = [];
  for (const { metadata, spec, status } of budgets) {
    const { namespace, name } = metadata;
    assert.equal(status.disruptionsAllowed, 1, `${namespace}/${name}`);
    const selector = new URLSearchParams(spec.selector.matchLabels).toString().replaceAll('&', ',');
    const { items: pods } = await cluster.get(`pods --selector ${decodeURIComponent(selector)}`, namespace);
    assert.ok(pods.length >= 2, `${namespace}/${name} guards ${pods.length} pods`);
    const [first, second] = pods.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    assert.equal(evict(namespace, first).status, 0, first);
    const refused = evict(namespace, second);
    assert.equal(refused.status, 1, `${first} and ${second} were evicted together`);
    assert.match(refused.stderr, /violate the pod's disruption budget/);
    counted.push(`${namespace}/${name} ${pods.length}`);
  }
  await cluster.cordon(false);
  await Promise.all(overlays.map((overlay) => settled(cluster, overlay)));
  say(`ok   ${counted.length} disruption budgets let one pod be evicted and refuse the next until it is back`);
}

async function quota(cluster: ControlPlane): Promise<void> {
  const autoscalers = (namespace: string, replicas: number) =>
    cluster.kubectl([
      ...['wait', 'hpa', '--all', `--for=jsonpath={.status.currentReplicas}=${replicas}`, '--timeout=5m'],
      ...['--namespace', namespace],
    ]);
  const events = async (namespace: string) =>
    (await cluster.get('events', namespace)).items.filter(({ message }: { message?: string }) =>
      message?.includes('exceeded quota'),
    );
  await cluster.setUsage({ users: 0.2, quotes: 0.2, search: 0.2 });
  await Promise.all(environments.map((namespace) => autoscalers(namespace, 4)));
  await Promise.all(environments.map((namespace) => settled(cluster, namespace)));

  // The seed's template has the settings in it and cannot be changed; the Job removes itself a minute after it ended, and comes with every deployment.
  await cluster.kubectl(['wait', 'job/seed', '--for=delete', '--namespace=qualification', '--timeout=3m']);
  // Held at its worst instant: the new pods exist and find no node, so the old ones stay.
  await cluster.cordon(true);
  for (const namespace of environments) {
    const settings = join(checkout, 'deploy/overlays', namespace, '.env');
    writeFileSync(settings, readFileSync(settings, 'utf8').replace(/LOG_LEVEL=\w+/, 'LOG_LEVEL=warn'));
  }
  const deploying = Promise.all(environments.map((namespace) => deploy(cluster, namespace)));
  await cluster.kubectl([
    ...['create', 'job', 'backup-now', '--from=cronjob/redis-backup-production', '--namespace=production'],
  ]);
  for (const namespace of environments) {
    const surging = ['wait', 'deployment', '--all', '--for=jsonpath={.status.replicas}=5', '--timeout=2m'];
    await cluster.kubectl([...surging, '--namespace', namespace]);
    const rendered = await cluster.kubectl(['kustomize', join(checkout, 'deploy/overlays', namespace)]);
    const { rows } = checkQuota(parseAllDocuments(rendered).map((document) => document.toJS() as Manifest));
    assert.ok(rows.length > 0);
    const used = await eventually(async () => {
      const { status } = await cluster.get('resourcequota/resource-quota', namespace);
      for (const { resource, most, hard } of rows) {
        assert.ok(quantity(status.used[resource]) <= hard);
        assert.equal(Math.round(quantity(status.used[resource]) * 1000), Math.round(most * 1000), resource);
      }
      return status.used as Record<string, string>;
    });
    assert.deepEqual(await events(namespace), []);
    say(
      `ok   ${namespace}: all autoscalers at 4, every Deployment with a pod more in a rollout: the quota counts what check:deploy computes (${Object.entries(
        used,
      )
        .map(([resource, amount]) => `${resource} ${amount}`)
        .join(', ')}), no pod refused`,
    );
  }
  await cluster.cordon(false);
  await deploying;
  let refused = 0;
  for (const namespace of environments) {
    const { items } = await cluster.get('deployments', namespace);
    const settings = await settingsOf(cluster, namespace);
    for (const { spec, status } of items) {
      assert.equal(status.updatedReplicas, 4);
      assert.equal(spec.template.spec.containers[0].envFrom[0].configMapRef.name, settings);
    }
    refused += (await events(namespace)).length;
  }
  await cluster.kubectl([
    ...['wait', 'job/backup-now', '--for=condition=complete', '--namespace=production', '--timeout=2m'],
  ]);
  // Pods that are ending still count, so the next ones of a rollout at the maximum wait for them: refused, tried again, through in the end.
  say(
    `ok   the changed setting rolled out to every pod, the backup ran (new pods waited for ending ones: ${refused} tries refused)`,
  );
  await cluster.setUsage({});
  await Promise.all(environments.map((namespace) => autoscalers(namespace, 2)));
}

/** Name of the ConfigMap that the settings of an environment have now. */
async function settingsOf(cluster: ControlPlane, namespace: string): Promise<string> {
  const rendered = await cluster.kubectl(['kustomize', join(checkout, 'deploy/overlays', namespace)]);
  const [name] = rendered.match(/\bsettings-[a-z0-9]+/) ?? [];
  assert.ok(name);
  return name;
}

async function rollback(cluster: ControlPlane): Promise<void> {
  const settings = async () =>
    (await cluster.get('deployment/quotes-deployment', 'production')).spec.template.spec.containers[0].envFrom[0]
      .configMapRef.name;
  const current = await settingsOf(cluster, 'production');
  assert.equal(await settings(), current);
  const [command] =
    readFileSync('docs/operations.md', 'utf8').match(/kubectl --namespace production rollout undo [^`]+/) ?? [];
  assert.ok(command);
  await shell(cluster, command);
  await settled(cluster, 'production');
  const former = await settings();
  assert.notEqual(former, current);
  await cluster.get(`configmap/${former}`, 'production');
  assert.deepEqual(await changes(cluster, 'production'), ['deployment.apps/quotes-deployment']);
  assert.equal(await settings(), current);
  say(
    'ok   `rollout undo` of docs/operations.md brings the former settings back, the next deployment the present ones',
  );
}

/** Runs the commands of docs/operations.md, "Backup and restore"; what a Job does is proved in containers by check:failover. */
async function restore(cluster: ControlPlane): Promise<void> {
  const [, commands] =
    /```\n(kubectl [^`]*job=restore-[^`]*)```/.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  assert.ok(commands);
  // The simulated kubelets have no logs.
  await shell(cluster, commands.replace(/ && kubectl [^\n]* logs [^\n]*/, ''));
  await settled(cluster, 'production');
  const { items } = await cluster.get('deployments', 'production');
  assert.ok(items.every(({ status }: { status: { readyReplicas: number } }) => status.readyReplicas === 2));
  say('ok   the commands for a restore: services stopped, the job admitted and ended, services started');
}
