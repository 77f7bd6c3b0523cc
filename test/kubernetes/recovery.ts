import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { runDocumented } from './documentation.ts';
import { Writer } from './load.ts';
import { RUNS, type Test } from './test.ts';

const namespace = 'production';
const section = 'Backup and restore';

/** Makes a backup, deletes everything, and restores it by the commands of docs/operations.md. */
export const recovery: Test = async (cluster, say) => {
  const environment = await cluster.environment(namespace);
  const writer = await new Writer(cluster, environment).start();
  await writer.more(50);
  const backups = 3 * RUNS;
  for (let run = 0; run < backups; run += 1) {
    await runDocumented(cluster, section, /cronjob\/redis-backup-production/);
  }
  say(`ok   ${backups} backups in a row while writes go on, none failed`);
  await writer.stop();
  // The last writes must be in the backup as well.
  await runDocumented(cluster, section, /cronjob\/redis-backup-production/);

  // The nodes' own user may ask for roles, but only the operator may delete everything.
  const { PASSWORD } = parseEnv(
    readFileSync(
      join(cluster.checkout, `deploy/overlays/${namespace}/redis-operator.secret`),
      'utf8',
    ),
  );
  const asOperator = ['env', `REDISCLI_AUTH=${PASSWORD}`, 'valkey-cli', '--user', 'operator', '-e'];
  const nodes = await cluster.pods(namespace, 'app.kubernetes.io/name=redis');
  for (const { metadata } of nodes) {
    const pod = metadata?.name ?? '';
    const role = await cluster.exec(namespace, pod, 'redis', [
      'valkey-cli',
      '--user',
      'node',
      '-e',
      'role',
    ]);
    if (role.startsWith('master'))
      await cluster.exec(namespace, pod, 'redis', [...asOperator, 'flushall']);
  }
  assert.equal(
    (await writer.verify()).length,
    writer.acknowledged.size,
    'nothing was lost to be restored',
  );

  const log = await runDocumented(
    cluster,
    section,
    /--replicas 0|cronjob\/redis-restore-production|--replicas 2/,
  );
  assert.doesNotMatch(log, /AUTH failed/i);
  await cluster.settled(namespace);
  assert.deepEqual(await writer.verify(), []);
  say(
    'ok   backup, everything deleted, restore as documented: ' +
      `all ${writer.acknowledged.size} quotes are back (${/\d+ keys restored/.exec(log)?.[0]})`,
  );
};
