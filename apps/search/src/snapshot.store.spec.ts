import { parseConfig } from '#libs/config/config.ts';
import { connectRedis, type RedisClient } from '#libs/redis/redis.connection.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { Platform } from '#libs/testing/platform.ts';
import { SNAPSHOT_KEYS } from './snapshot.keys.ts';
import { SnapshotStore } from './snapshot.store.ts';

const platform = new Platform();
let client: RedisClient;
beforeAll(async () => {
  await platform.start();
  const config = parseConfig('test', { adminKey: false }, platform.redisEnv('search'));
  client = connectRedis(config, 5000);
  await eventually(() => client.status === 'ready');
});
afterAll(async () => {
  client.disconnect();
  await platform.stop();
});

it.each([0, 2])('keeps the snapshot when the next expires, %d chunks to go', async (count) => {
  const { redis } = platform;
  const store = new SnapshotStore(client);
  const save = (chunks: Iterable<Uint8Array>) => {
    const positions = [{ entry: '0-0', added: 0, replication: '' }];
    return redis.del(SNAPSHOT_KEYS.lock).then(() => store.save(positions, chunks));
  };
  const kept = await save([Buffer.from('kept')]);
  expect(await store.manifest()).toEqual(kept);
  expect(await redis.ttl(SNAPSHOT_KEYS.snapshot)).toBe(-1);

  const expire = client.expire.bind(client);
  client.expire = ((key: string) => expire(key, 0)) as typeof client.expire;
  const chunks = Array.from({ length: count }, () => Buffer.from('next'));
  const saved = await save(chunks).finally(() => {
    client.expire = expire;
  });
  expect(await store.manifest()).toEqual(kept);
  expect(saved).toBeUndefined();

  const next = await save(chunks);
  expect(await store.manifest()).toEqual(next);
  expect(await redis.llen(SNAPSHOT_KEYS.snapshot)).toBe(1 + count);
  expect(await platform.keys('*:snapshot:*')).toEqual([SNAPSHOT_KEYS.lock]);
});
