/**
 * `npm run images`: builds an image of every app with docker, podman or buildah, whichever works
 * here, tagged with the version of package.json. Further arguments go to the builder:
 * `npm run images -- --pull=never`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { APPS } from '#libs/config/services.ts';

const succeeds = (program: string, ...args: string[]) =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

// A docker client without its daemon is common; only `info` fails then.
const builder = ['docker', 'podman', 'buildah'].find((program) => succeeds(program, 'info'));
if (!builder) {
  console.error('No container builder works here: install docker, podman or buildah.');
  process.exit(1);
}
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const commit =
  spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout?.trim() ||
  'unknown';

for (const app of APPS) {
  // Podman and buildah would otherwise call it localhost/..., which no manifest names.
  const image = `docker.io/quotes-platform/${app}:${version}`;
  console.log(`${builder} builds ${image}`);
  const args = ['build', '--file', 'deploy/images/Dockerfile', '--tag', image];
  for (const argument of [`APP=${app}`, `VERSION=${version}`, `COMMIT=${commit}`])
    args.push('--build-arg', argument);
  // Buildah keeps no layers unless told to, and would install everything again for each app.
  if (builder === 'buildah') args.push('--layers');
  const { status } = spawnSync(builder, [...args, ...process.argv.slice(2), '.'], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
