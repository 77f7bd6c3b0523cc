import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from 'kubernetes-types/core/v1';
import { certify } from '#libs/testing/certificates.ts';
import { eventually } from '#libs/testing/eventually.ts';
import type { RealCluster } from './cluster.ts';
import type { Test } from './test.ts';

const page = 'docs/operations.md';
/** The file with the password that production's operator is asked for. */
const operatorSecret = 'deploy/overlays/production/redis-operator.secret';

/** A command that the page tells its readers to run. */
interface Command {
  /** Heading of the section that has it. */
  section: string;
  text: string;
}

/** Commands that are not run, with the reason. */
const excepted: [RegExp, string][] = [
  [/^minikube start/, 'minikube: the nodes here are others'],
  [
    /^npm ci && npm run images/,
    'minikube and docker: images.sh builds the same images and brings them to the nodes',
  ],
  [
    /docker compose|^(docker|podman|buildah|kind|k3s|minikube|ctr) /,
    'needs Docker, or a cluster of another make',
  ],
  [
    /^npm run (check|docs|test:\S+|loadtest|images|deploy|import)( -- .*)?$/,
    'names a script and asks nobody to run it here',
  ],
  [/get certificate/, 'wants cert-manager'],
  [/valkey-check-aof --fix/, 'repairs a damaged file, and there is none'],
  [/^BACKUP_KEY=/, 'reads a file outside the cluster: backup.e2e-spec.ts runs it'],
  [
    /scale statefulset redis-ENVIRONMENT/,
    'for a Redis without users: redis.drill.ts scales to zero and back',
  ],
];

/** Commands that a test has run, as they are written. */
const done = new Set<string>();

/** Every command of the page: the lines of its code blocks, and commands within its prose. */
export const documented: Command[] = readFileSync(page, 'utf8')
  .split(/^#+ (?=.)/m)
  .flatMap((chapter) => {
    const section = chapter.slice(0, chapter.indexOf('\n'));
    const blocks = [...chapter.matchAll(/^```\w*\n(.*?)^```/gms)].flatMap(([, block = '']) =>
      commandsOf(block),
    );
    const prose = chapter.replace(/^```.*?^```/gms, '');
    const inline = [...prose.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
    const commands = inline.filter((text) =>
      /^(kubectl|npm run|docker|podman|minikube|kind|k3s|ctr|(?:redis|valkey)-\S+) /.test(text),
    );
    return [...blocks, ...commands.map((text) => text.replaceAll(/\s+/g, ' '))].map((text) => ({
      section,
      text,
    }));
  });

/** The commands of a code block, by lines; one that uses the variable of the last belongs to it. */
function commandsOf(block: string): string[] {
  const commands: string[] = [];
  for (const line of block.replaceAll('\\\n', '').trim().split('\n')) {
    const text = line.replaceAll(/\s+/g, ' ');
    const [, variable] = /^(\w+)=/.exec(commands.at(-1) ?? '') ?? [];
    if (variable && text.includes(`$${variable}`)) commands.push(`${commands.pop()}\n${text}`);
    else commands.push(text);
  }
  return commands;
}

/**
 * Runs the commands of a section that match, in their order, as they are written. Names in
 * capitals, which the reader replaces, are filled in, and `minikube` does nothing.
 * @returns what they printed
 */
export async function runDocumented(
  cluster: RealCluster,
  section: string,
  pattern: RegExp,
  names: Record<string, string> = {},
): Promise<string> {
  const commands = documented.filter(
    (command) => command.section === section && pattern.test(command.text),
  );
  assert.ok(commands.length > 0, `${page}, "${section}" has no command like ${pattern}`);
  let printed = '';
  for (const { text } of commands) {
    printed += await cluster.shell(`minikube() { :; }\n${fill(text, names)}`);
    done.add(text);
  }
  return printed;
}

function fill(text: string, names: Record<string, string>): string {
  return Object.entries(names).reduce(
    (line, [name, value]) => line.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), value),
    text,
  );
}

/** Runs every command that no test has run before and that is not excepted; each must succeed. */
export const documentation: Test = async (cluster, say) => {
  const names = {
    NAMESPACE: 'production',
    POD: 'redis-production-0',
    SERVICE: 'quotes',
    ENVIRONMENT: 'production',
  };
  // An authority would have given these.
  certify(cluster.checkout, 'authority', 'server', 'DNS:quotes.example');
  for (const [made, name] of Object.entries({
    'server.pem': 'fullchain.pem',
    'server.key': 'key.pem',
  })) {
    renameSync(join(cluster.checkout, made), join(cluster.checkout, name));
  }
  const isExcepted = ({ text }: Command) => excepted.find(([pattern]) => pattern.test(text));
  const failures: string[] = [];
  for (const command of documented.filter((one) => !done.has(one.text) && !isExcepted(one))) {
    const { section, text } = command;
    // A pod that starts has no log yet, and an earlier command may have begun a rollout.
    if (text.startsWith('kubectl logs')) await cluster.settled('production');
    const filled = fill(text, {
      ...names,
      ...(text.includes('--previous') && { POD: await restarted(cluster, text) }),
    });
    // A forwarded port stays open until somebody ends it.
    let line = filled.startsWith('kubectl port-forward')
      ? `timeout 3 ${filled} || [ $? = 124 ]`
      : filled;
    // The command reads the password from a pipe, where a person would type it.
    if (line.includes('--askpass')) line = `sed -n 's/^PASSWORD=//p' ${operatorSecret} | ${line}`;
    await cluster.shell(line).catch((error) => {
      // A log without a matching line is no fault of the command.
      if (text.includes('| grep') && error.code === 1 && !error.stderr) return;
      failures.push(`${section}: ${text}\n${error.stderr || error.message}`);
    });
    done.add(text);
  }
  assert.deepEqual(failures, [], `commands of ${page} that fail as they are written`);
  const skipped = documented.filter((command) => isExcepted(command) && !done.has(command.text));
  say(
    `ok   ${page}: ${documented.length - skipped.length} commands run as they are written; ` +
      'not run:',
  );
  for (const command of skipped) say(`     ${command.text} (${isExcepted(command)?.[1]})`);
};

/** Kills the container that a command names, or the only one; answers the pod once it is back. */
async function restarted(cluster: RealCluster, text: string): Promise<string> {
  const [, app = 'quotes'] = /--container (\S+)/.exec(text) ?? [];
  // An earlier command may have begun a rollout.
  await cluster.settled('production');
  const [pod] = await cluster.pods('production', `app.kubernetes.io/name=${app}`);
  const [name = '', container = ''] = [pod?.metadata?.name, pod?.spec?.containers[0]?.name];
  await cluster.kill('production', name, container);
  await eventually(async () => {
    const { status }: Pod = await cluster.get(`pod/${name}`, 'production');
    return status?.containerStatuses?.some((one) => one.name === container && one.restartCount > 0);
  }, 60_000);
  await cluster.settled('production');
  return name;
}
