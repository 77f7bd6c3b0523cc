/**
 * deploy/local/compose.yaml, brought up for real by podman-compose with the images that were just
 * built, and taken down again. Grafana and Mailpit are left out: nothing stands in for them. To be
 * run through containers.sh.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '#libs/testing/eventually.ts';
import { withoutDigest } from './pod.runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'compose-'));
cpSync('deploy', folder, { recursive: true });
const file = join(folder, 'local/compose.yaml');
writeFileSync(file, withoutDigest(readFileSync(file, 'utf8')));
const absent = ['grafana', 'mail'];

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const tools = execFileSync('test/manifests/tools.sh', {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
}).trim();
const compose = (...args: string[]) =>
  run(`${tools}/podman-compose`, '--in-pod', 'false', '--file', file, ...args);
const address = (service: string) =>
  run(
    'podman',
    'inspect',
    '--format',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    `quotes-platform_${service}_1`,
  );
const status = async (url: string) =>
  (await fetch(url, { signal: AbortSignal.timeout(5_000) })).status;

const { services } = parse(readFileSync(file, 'utf8'), { merge: true }) as {
  services: Record<string, { image: string }>;
};
const names = Object.keys(services).filter((name) => !absent.includes(name));
try {
  compose('up', '--detach', ...names);
  // Nothing here plays systemd, which podman has its health checks run by.
  for (const [name, { image }] of Object.entries(services)) {
    if (image.startsWith('quotes-platform/')) {
      await eventually(
        async () => (await status(`http://${address(name)}:5000/readyz`)) === 200,
        60_000,
      );
    }
  }
  console.log(`ok   compose: ${names.length} services are up, ${absent.join(' and ')} left out`);

  const statuses: number[] = [];
  for (let i = 0; i < 11; i += 1)
    statuses.push(await status(`http://127.0.0.1:8000/${i === 0 ? 'search?keyword=x' : 'quotes'}`));
  assert.deepEqual(statuses, [...Array<number>(10).fill(200), 429]);
  assert.equal(await status('http://127.0.0.1:8000/metrics'), 404);
  console.log(
    'ok   compose: Traefik leads to the services and the 11th request of a client is 429',
  );

  assert.equal(await status('http://127.0.0.1:4242/'), 200);
  console.log('ok   compose: the shop shows its catalogue on port 4242');

  const targets = await eventually(async () => {
    const answer = await fetch(`http://${address('prometheus')}:9090/api/v1/targets`);
    const { data } = (await answer.json()) as {
      data: { activeTargets: { scrapeUrl: string; health: string }[] };
    };
    const present = data.activeTargets.filter(
      ({ scrapeUrl }) => !absent.includes(new URL(scrapeUrl).hostname),
    );
    return present.length > 0 && present.every(({ health }) => health === 'up') && present;
  }, 60_000);
  console.log(`ok   compose: Prometheus scrapes ${targets.length} targets, and all are up`);
} catch (error) {
  console.error(error, compose('logs', '--tail', '3', ...names));
  process.exitCode = 1;
} finally {
  compose('down', '--volumes');
  rmSync(folder, { recursive: true });
}
assert.equal(run('podman', 'ps', '--all', '--quiet'), '');
console.log('ok   compose: down leaves no container behind');
