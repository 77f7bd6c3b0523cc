import assert from 'node:assert/strict';
import { runDocumented } from './documentation.ts';
import { Writer } from './load.ts';
import type { Test } from './test.ts';

const namespace = 'production';
const section = 'Backup and restore';

/** Backup, loss of everything, and the way back, by the commands of docs/operations.md. */
export const recovery: Test = async (cluster, say) => {
  const environment = await cluster.environment(namespace);
  const writer = await new Writer(cluster, environment).start();
  await writer.more(50);
  await writer.stop();
  await cluster.kubectl(['delete', 'job', 'backup-now', '--ignore-not-found', '--namespace', namespace]);
  await runDocumented(cluster, section, /create job backup-now/);
  const backup = ['wait', 'job/backup-now', '--for=condition=complete', '--namespace', namespace, '--timeout=3m'];
  await cluster.kubectl(backup);

  const nodes = await cluster.pods(namespace, 'app.kubernetes.io/name=redis');
  for (const { metadata } of nodes) {
    const role = await cluster.exec(namespace, metadata?.name ?? '', 'redis', ['valkey-cli', 'role']);
    if (role.startsWith('master'))
      await cluster.exec(namespace, metadata?.name ?? '', 'redis', ['valkey-cli', 'flushall']);
  }
  assert.equal((await writer.verify()).length, writer.acknowledged.size, 'nothing was lost to be restored');

  const log = await runDocumented(cluster, section, /--replicas 0|job restore|job\/restore|--replicas 2/);
  assert.doesNotMatch(log, /AUTH failed/i);
  await cluster.settled(namespace);
  assert.deepEqual(await writer.verify(), []);
  say(
    `ok   backup, everything deleted, restore as documented: all ${writer.acknowledged.size} quotes are back (${/\d+ keys restored/.exec(log)?.[0]})`,
  );
};
