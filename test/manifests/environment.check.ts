import { readFileSync } from 'node:fs';
import { isDeepStrictEqual, parseEnv } from 'node:util';
import { environmentSchema } from '#libs/config/config.schema.ts';
import { type Manifest, nameOf, ofKind } from './manifest.loader.ts';

/**
 * How long a stopping service goes on serving unless its environment says otherwise, in seconds.
 */
const defaultDrain = environmentSchema.shape.DRAIN_SECONDS.parse(undefined);

/**
 * Compares what `.env.NAME` means to a local run with what the rendered environment NAME gives its
 * pods, and both with the manifests around.
 * @param manifests objects of that overlay
 */
export function checkEnvironment(name: string, manifests: Manifest[]): string[] {
  const local = { ...parseEnv(readFileSync(`.env.${name}`, 'utf8')) };
  const [settings] = ofKind(manifests, 'ConfigMap').filter(({ metadata }) =>
    metadata.name?.startsWith('settings-'),
  );
  const findings: string[] = [];
  const want = (holds: boolean, problem: string) => {
    if (!holds) findings.push(`.env.${name}: ${problem}`);
  };
  want(
    isDeepStrictEqual(local, settings?.data),
    'means one thing to dotenv and another to kustomize',
  );
  for (const key of Object.keys(settings?.data ?? {}))
    want(key in environmentSchema.shape, `${key} is read by nobody`);
  const { data, error } = environmentSchema.safeParse(settings?.data);
  if (!data) return [...findings, `.env.${name}: ${error.message}`];

  const serves = (service: string, port: number) =>
    ofKind(manifests, 'Service').some(
      ({ metadata, spec }) =>
        metadata.name === service && spec?.ports?.some((open) => open.port === port),
    );
  want(
    serves(data.REDIS_HOST, data.REDIS_PORT),
    `no Service ${data.REDIS_HOST}:${data.REDIS_PORT}`,
  );
  for (const { host, port } of data.REDIS_SENTINELS) {
    const [, set, ordinal, service = ''] = /^(.+)-(\d+)\.(.+)$/.exec(host) ?? [];
    const holds = ofKind(manifests, 'StatefulSet').some(
      ({ metadata, spec }) =>
        metadata.name === set &&
        spec?.serviceName === service &&
        Number(ordinal) < (spec?.replicas ?? 1),
    );
    want(holds && serves(service, port), `no Sentinel ${host}:${port}`);
  }
  const nodes = ofKind(manifests, 'StatefulSet').reduce(
    (sum, { spec }) => sum + (spec?.replicas ?? 1),
    0,
  );
  want(
    data.REDIS_SENTINELS.length === (nodes > 1 ? nodes : 0),
    `${data.REDIS_SENTINELS.length} Sentinels for ${nodes} nodes`,
  );

  for (const deployment of ofKind(manifests, 'Deployment')) {
    for (const { ports, readinessProbe: probe } of deployment.spec?.template.spec?.containers ??
      []) {
      want(
        ports?.[0]?.containerPort === data.APP_PORT,
        `${nameOf(deployment)} does not listen on APP_PORT`,
      );
      const unready = (probe?.periodSeconds ?? 10) * (probe?.failureThreshold ?? 3);
      want(
        unready < defaultDrain,
        `${nameOf(deployment)} stops accepting before it is out of the balancer`,
      );
    }
  }
  return findings;
}
