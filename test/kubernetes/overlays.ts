import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PodStatus } from 'kubernetes-types/core/v1';
import { parseAllDocuments } from 'yaml';
import { eventually } from '#libs/testing/eventually.ts';
import type { Manifest } from '#test/manifests/manifest.loader.ts';
import { checkQuota, quantity } from '#test/manifests/quota.check.ts';
import { overlays, type RealCluster } from './cluster.ts';
import { runDocumented } from './documentation.ts';
import type { Test } from './test.ts';

/** The overlays that have a quota. */
const environments = ['qualification', 'production'];

/**
 * The rights of each ServiceAccount beyond those of every account; accounts not named have none.
 */
const permitted: Record<string, string[]> = {
  'traefik/traefik': ['ingressclasses.networking.k8s.io [list watch]', 'nodes [list watch]'],
  'monitoring/prometheus': [
    'nodes [get list watch]',
    'nodes/metrics [get]',
    'pods [get list watch]',
  ],
  'monitoring/kube-state-metrics': [
    'horizontalpodautoscalers.autoscaling [list watch]',
    'pods [list watch]',
    'resourcequotas [list watch]',
  ],
};

/** Further rights of Traefik, in the namespaces that it serves. */
const served = [
  'endpointslices.discovery.k8s.io [list watch]',
  'ingresses.networking.k8s.io [list watch]',
  'ingresses.networking.k8s.io/status [update]',
  'secrets [list watch]',
  'services [list watch]',
];

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

/** How long a pod that an autoscaler adds may take. */
const MAX_READY_MS = 60_000;

/** Deploys every overlay by `npm run deploy`, two of them by the lines of docs/operations.md. */
export const installs: Test = async (cluster, say) => {
  acceptMails(cluster);
  for (const overlay of overlays) {
    // The page has lines for these two; the others are deployed as `npm run deploy` says.
    const section = 'Install on minikube';
    const lines = { traefik: /deploy -- traefik/, qualification: /umask|deploy -- qualification/ }[
      overlay
    ];
    const { output, missing } = lines
      ? { output: await runDocumented(cluster, section, lines), missing: 0 }
      : await cluster.deploy(overlay);
    const objects = applied(output);
    // Traefik's deployment made the namespaces that it serves, where it has rights.
    const other = objects.filter(
      ({ name, outcome }) => outcome !== 'created' && name !== `namespace/${overlay}`,
    );
    assert.deepEqual(other, []);
    // The autoscalers begin by adding a second pod.
    const pods = await eventually(async () => {
      const all = await cluster.pods(overlay);
      return all.length > 0 && all.every(({ status }) => isReady(status ?? {})) && all;
    }, MAX_READY_MS);
    const secrets = missing > 0 ? '; refused before, missing secrets made as it said' : '';
    say(
      `ok   ${overlay}: ${objects.length} objects admitted, all rolled out, ` +
        `${pods.length} pods ready${secrets}`,
    );
  }
};

/** Deploys every overlay again, which must change nothing. */
export const repetition: Test = async (cluster, say) => {
  for (const overlay of overlays) {
    const { stderr, status } = cluster.attempt([
      ...[
        'apply',
        '--dry-run=server',
        '--kustomize',
        join(cluster.checkout, 'deploy/overlays', overlay),
      ],
    ]);
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 }, 'a warning of the API server');
    assert.deepEqual(await changes(cluster, overlay), [], overlay);
  }
  say('ok   deployed a second time: nothing changed; no warning, no unknown or deprecated field');
};

/**
 * Changes what an operator has to set, the mail server. That of the tests speaks TLS, but no
 * authority has signed its certificate.
 */
function acceptMails(cluster: RealCluster): void {
  const file = join(cluster.checkout, 'deploy/overlays/monitoring/alertmanager/alertmanager.yml');
  const settings = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    settings.replace(/^global:\n/m, '$&  smtp_tls_config: { insecure_skip_verify: true }\n'),
  );
}

/** The outcome that a deployment printed for each object: created, configured or unchanged. */
function applied(output: string): { name: string; outcome: string }[] {
  const lines = output.matchAll(/^(\S+\/\S+) (created|configured|unchanged)$/gm);
  return [...lines].map(([, name = '', outcome = '']) => ({ name, outcome }));
}

/** Deploys, and answers the objects that changed. */
async function changes(cluster: RealCluster, overlay: string): Promise<string[]> {
  const versions = async () => {
    const { items } = await cluster.get(
      'deployments,statefulsets,poddisruptionbudgets,secrets',
      overlay,
    );
    const name = ({ apiVersion, kind, metadata }: Manifest) =>
      `${[kind.toLowerCase(), ...apiVersion.split('/').slice(0, -1)].join('.')}/${metadata.name}`;
    // A Secret has no generation.
    const version = ({ metadata }: Manifest) => metadata.generation ?? metadata.resourceVersion;
    return new Map(items.map((item: Manifest) => [name(item), version(item)]));
  };
  const before = await versions();
  const objects = applied((await cluster.deploy(overlay)).output);
  const after = await versions();
  return (
    objects
      .filter(({ outcome }) => outcome !== 'unchanged')
      .map(({ name }) => name)
      // The Job removes itself a minute after it ended.
      .filter((name) => name !== 'job.batch/seed')
      // kubectl sends a budget's selector, a StatefulSet's claims and a Secret's long values every
      // time and calls that "configured"; only a new version is a change.
      .filter((name) => !before.has(name) || before.get(name) !== after.get(name))
  );
}

function isReady(status: PodStatus): boolean {
  return (
    status.phase === 'Succeeded' ||
    status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

export const admission: Test = async (cluster, say) => {
  const probe = (namespace: string, change: (pod: typeof harmless) => void) => {
    const pod = structuredClone(harmless);
    change(pod);
    const create = [
      'create',
      '--dry-run=server',
      '--output=json',
      '--namespace',
      namespace,
      '--filename=-',
    ];
    return cluster.attempt(create, JSON.stringify(pod));
  };
  const container = ({ spec }: typeof harmless) =>
    spec.containers[0] as object as Record<string, object>;
  for (const namespace of overlays) {
    const plain = probe(namespace, () => {});
    assert.equal(plain.status, 0, plain.stderr);
    const forbidden: [string, (pod: typeof harmless) => void][] = [
      [
        'privileged',
        (pod) =>
          Object.assign(container(pod).securityContext ?? {}, {
            privileged: true,
            allowPrivilegeEscalation: true,
          }),
      ],
      ['runAsNonRoot', (pod) => Object.assign(pod.spec.securityContext, { runAsNonRoot: false })],
      ['hostNetwork', (pod) => Object.assign(pod.spec, { hostNetwork: true })],
      [
        'hostPath',
        (pod) => Object.assign(pod.spec, { volumes: [{ name: 'host', hostPath: { path: '/' } }] }),
      ],
    ];
    for (const [what, change] of forbidden) {
      const { status, stderr } = probe(namespace, change);
      assert.equal(status, 1, `${namespace} admits ${what}`);
      assert.match(stderr, /violates PodSecurity "restricted:latest"/);
      assert.match(stderr, new RegExp(what));
    }
  }
  say(
    'ok   a privileged pod, one as root, on the host network or with a host path: ' +
      'refused in every namespace',
  );

  for (const namespace of environments) {
    const { spec } = JSON.parse(probe(namespace, () => {}).stdout);
    assert.deepEqual(spec.containers[0].resources, {
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { cpu: '100m', memory: '128Mi' },
    });
    const { stderr } = probe(namespace, (pod) => {
      Object.assign(container(pod), {
        resources: { requests: { cpu: '1m' }, limits: { cpu: '2' } },
      });
    });
    assert.match(stderr, /maximum cpu usage per Container is 1, but limit is 2/);
  }
  say(
    'ok   a pod that names no limits gets those of the LimitRange; ' +
      'one beyond its maximum is refused',
  );

  const mounting = new Set<string>();
  for (const namespace of overlays) {
    for (const { spec } of (await cluster.get('pods', namespace)).items) {
      const sources = spec.volumes?.flatMap(
        (volume: { projected?: { sources: object[] } }) => volume.projected?.sources,
      );
      if (
        sources?.some((source: object | undefined) => source && 'serviceAccountToken' in source)
      ) {
        mounting.add(`${namespace}/${spec.serviceAccountName}`);
      }
    }
  }
  assert.deepEqual([...mounting].sort(), Object.keys(permitted).sort());
  say(`ok   a token of the API is mounted for ${[...mounting].join(', ')} and nobody else`);
};

export const permissions: Test = async (cluster, say) => {
  /** The rights of an account in a namespace, as the authorizer lists them. */
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
        const more = account === 'traefik/traefik' && where !== 'kube-system' ? served : [];
        assert.deepEqual(
          own.sort(),
          [...(permitted[account] ?? []), ...more].sort(),
          `${account} in ${where}`,
        );
      }
    }
  }
  for (const account of Object.keys(permitted)) {
    assert.ok(accounts.includes(account), account);
    // The most dangerous rights are asked for one by one as well.
    for (const deed of [
      'create secrets',
      'update secrets',
      'delete pods',
      'create pods/exec',
      'impersonate users',
    ]) {
      const [home, name] = account.split('/');
      const question = ['auth', 'can-i', ...deed.split(' '), '--all-namespaces'];
      const { stdout } = cluster.attempt([
        ...question,
        `--as=system:serviceaccount:${home}:${name}`,
      ]);
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
  const named = Object.keys(permitted).length;
  say(
    `ok   ${named} ServiceAccounts may do exactly what they need, ` +
      `the other ${accounts.length - named} nothing`,
  );
};

export const disruption: Test = async (cluster, say) => {
  for (const overlay of overlays) await cluster.settled(overlay);
  const { items: budgets } = await cluster.get('poddisruptionbudgets --all-namespaces');
  assert.ok(budgets.length > 0);
  const evict = (namespace: string, name: string) =>
    cluster.attempt(
      ['create', '--raw', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, '--filename=-'],
      JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }),
    );
  // An evicted pod finds no other place, as if the cluster were full.
  await using full = await cordon(cluster);
  const counted: string[] = [];
  for (const { metadata, spec, status } of budgets) {
    const { namespace, name } = metadata;
    assert.equal(status.disruptionsAllowed, 1, `${namespace}/${name}`);
    const selector = new URLSearchParams(spec.selector.matchLabels).toString().replaceAll('&', ',');
    const { items: pods } = await cluster.get(
      `pods --selector ${decodeURIComponent(selector)}`,
      namespace,
    );
    assert.ok(pods.length >= 2, `${namespace}/${name} guards ${pods.length} pods`);
    const [first, second] = pods.map(
      ({ metadata }: { metadata: { name: string } }) => metadata.name,
    );
    assert.equal(evict(namespace, first).status, 0, first);
    const refused = evict(namespace, second);
    assert.equal(refused.status, 1, `${first} and ${second} were evicted together`);
    assert.match(refused.stderr, /violate the pod's disruption budget/);
    counted.push(`${namespace}/${name} ${pods.length}`);
  }
  await full[Symbol.asyncDispose]();
  for (const overlay of overlays) await cluster.settled(overlay);
  say(
    `ok   ${counted.length} disruption budgets let one pod be evicted ` +
      'and refuse the next until it is back',
  );
};

/**
 * Brings both environments to their worst instant: every Deployment is at its maximum and in the
 * middle of a rollout, which finds no node for its new pods, so that the old ones stay.
 */
export const quota: Test = async (cluster, say) => {
  const minimum = join(cluster.checkout, 'deploy/base/http/autoscaler.yaml');
  const original = readFileSync(minimum, 'utf8');
  writeFileSync(minimum, original.replace(/minReplicas: \d+/, 'minReplicas: 4'));
  const autoscalers = (namespace: string, replicas: number) =>
    cluster.kubectl([
      ...[
        'wait',
        'hpa',
        '--all',
        `--for=jsonpath={.status.currentReplicas}=${replicas}`,
        '--timeout=5m',
      ],
      ...['--namespace', namespace],
    ]);
  const refusals = async (namespace: string) =>
    (await cluster.get('events', namespace)).items.filter(({ message }: { message?: string }) =>
      message?.includes('exceeded quota'),
    );
  for (const namespace of environments) await cluster.deploy(namespace);
  for (const namespace of environments) await autoscalers(namespace, 4);
  for (const namespace of environments) await cluster.settled(namespace);

  // The seed's template has the settings in it and cannot be changed. The Job removes itself a
  // minute after it ended, and comes back with every deployment.
  await cluster.kubectl([
    'wait',
    'job/seed',
    '--for=delete',
    '--namespace=qualification',
    '--timeout=3m',
  ]);
  await using full = await cordon(cluster);
  for (const namespace of environments) changeLogLevel(cluster, namespace, 'warn');
  // The backup waits for a node, as the new pods do.
  const underWay = Promise.all([
    ...environments.map((namespace) => cluster.deploy(namespace)),
    runDocumented(cluster, 'Backup and restore', /cronjob\/redis-backup-production/),
  ]);
  for (const namespace of environments) {
    const surging = [
      'wait',
      'deployment',
      '--all',
      '--for=jsonpath={.status.replicas}=5',
      '--timeout=2m',
    ];
    await cluster.kubectl([...surging, '--namespace', namespace]);
    const rendered = await cluster.kubectl([
      'kustomize',
      join(cluster.checkout, 'deploy/overlays', namespace),
    ]);
    const manifests = parseAllDocuments(rendered.replace('minReplicas: 4', 'minReplicas: 2'));
    const { rows } = checkQuota(manifests.map((document) => document.toJS() as Manifest));
    assert.ok(rows.length > 0);
    const used = await eventually(
      async () => {
        const { status } = await cluster.get('resourcequota/resource-quota', namespace);
        for (const { resource, most, hard } of rows) {
          assert.ok(quantity(status.used[resource]) <= hard);
          assert.equal(
            Math.round(quantity(status.used[resource]) * 1000),
            Math.round(most * 1000),
            resource,
          );
        }
        return status.used as Record<string, string>;
      },
      30_000,
      500,
    );
    assert.deepEqual(await refusals(namespace), []);
    const amounts = Object.entries(used).map(([resource, amount]) => `${resource} ${amount}`);
    say(
      `ok   ${namespace}: all autoscalers at 4, every Deployment with a pod more in a rollout: ` +
        `the quota counts what test:manifests computes (${amounts.join(', ')}), no pod refused`,
    );
  }
  await full[Symbol.asyncDispose]();
  await underWay;
  let refused = 0;
  for (const namespace of environments) {
    const { items } = await cluster.get('deployments', namespace);
    const settings = await settingsOf(cluster, namespace);
    for (const { spec, status } of items) {
      assert.equal(status.updatedReplicas, 4);
      assert.equal(spec.template.spec.containers[0].envFrom[0].configMapRef.name, settings);
    }
    refused += (await refusals(namespace)).length;
  }
  // Pods that are ending still count, so that the next pods of a rollout at the maximum are refused
  // and tried again until those have ended.
  say(
    'ok   the changed setting rolled out to every pod, the backup ran ' +
      `(new pods waited for ending ones: ${refused} tries refused)`,
  );
  writeFileSync(minimum, original);
  for (const namespace of environments) await cluster.deploy(namespace);
  for (const namespace of environments) await autoscalers(namespace, 2);
};

/** Changes a setting of an environment, which its next deployment brings to the pods. */
function changeLogLevel(cluster: RealCluster, namespace: string, level: string): void {
  const settings = join(cluster.checkout, 'deploy/overlays', namespace, '.env');
  writeFileSync(
    settings,
    readFileSync(settings, 'utf8').replace(/LOG_LEVEL=\w+/, `LOG_LEVEL=${level}`),
  );
}

/** Name of the ConfigMap with the present settings of an environment. */
async function settingsOf(cluster: RealCluster, namespace: string): Promise<string> {
  const rendered = await cluster.kubectl([
    'kustomize',
    join(cluster.checkout, 'deploy/overlays', namespace),
  ]);
  const [name] = rendered.match(/\bsettings-[a-z0-9]+/) ?? [];
  assert.ok(name);
  return name;
}

export const rollback: Test = async (cluster, say) => {
  const settings = async () =>
    (await cluster.get('deployment/quotes-deployment', 'production')).spec.template.spec
      .containers[0].envFrom[0].configMapRef.name;
  const former = await settingsOf(cluster, 'production');
  assert.equal(await settings(), former);
  changeLogLevel(cluster, 'production', 'debug');
  const current = await settingsOf(cluster, 'production');
  assert.notEqual(current, former);
  await cluster.deploy('production');
  await cluster.settled('production');
  assert.equal(await settings(), current);
  await runDocumented(cluster, 'Upgrade and roll back', /rollout undo/);
  await cluster.settled('production');
  assert.equal(await settings(), former);
  await cluster.get(`configmap/${former}`, 'production');
  assert.deepEqual(await changes(cluster, 'production'), ['deployment.apps/quotes-deployment']);
  assert.equal(await settings(), current);
  say(
    'ok   `rollout undo` of docs/operations.md brings the former settings back, ' +
      'the next deployment the present ones',
  );
};

/** Keeps new pods from all nodes, as if these were full, until it is disposed of. */
async function cordon(cluster: RealCluster): Promise<AsyncDisposable> {
  const nodes = cluster.nodes.map(({ name }) => name);
  await cluster.kubectl(['cordon', ...nodes]);
  return {
    [Symbol.asyncDispose]: async () => {
      await cluster.kubectl(['uncordon', ...nodes]);
    },
  };
}
