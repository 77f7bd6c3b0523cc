import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '#libs/testing/eventually.ts';
import {
  findRedisProgram,
  freePort,
  type RedisServer,
  startRedis,
} from '#libs/testing/redis-server.ts';
import { OPERATOR, redisPassword, writeUsers } from '#libs/testing/redis-users.ts';
import { secret } from '#libs/testing/secrets.ts';

/**
 * Redis as production has it, but for the five seconds that it waits for a second replica to copy
 * to.
 */
const SETTINGS = ['--appendfsync', 'always', '--repl-diskless-sync-delay', '0'];
/** For the test that finds a node loading: it loads again, and answers meanwhile. */
const DEBUG = ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'];
const BACKUP_KEY = secret('backup-key-of-thirty-two-characters');

const folder = mkdtempSync(join(tmpdir(), 'backup-'));
const backups = join(folder, 'backup');
const program = findRedisProgram();
const clients: Redis[] = [];
/** What was started, each the leader of a process group. */
const children: ChildProcess[] = [];
/**
 * The scripts ask a Sentinel at its own port, which an address of our own leaves to others: any of
 * 127.0.0.0/8 is this machine.
 */
const host = `127.${process.pid >> 16}.${(process.pid >> 8) & 255}.${process.pid & 255}`;
let users: ReturnType<typeof writeUsers>;
let master: RedisServer;
let replica: RedisServer;
let onMaster: Redis;
let onReplica: Redis;

beforeAll(async () => {
  mkdirSync(backups);
  users = writeUsers(folder);
  mkdirSync(join(folder, 'bin'));
  // What the image calls its programs.
  for (const name of ['server', 'cli', 'check-rdb']) {
    const script = `#!/bin/sh\nexec '${program.command.replace(/server$/, name)}' "$@"\n`;
    writeFileSync(join(folder, 'bin', `valkey-${name}`), script, { mode: 0o755 });
  }
  master = await start('master');
  replica = await start('replica', ['--replicaof', host, String(master.port)]);
  onMaster = connect(master);
  onReplica = connect(replica);
  await Promise.all(
    Array.from({ length: 5000 }, (_, i) => onMaster.set(`before:${i}`, `${i}`.repeat(50))),
  );
  await onMaster.set('before', 'all');
  const settings = [
    ...[
      'port 26379',
      `bind ${host}`,
      `dir ${folder}`,
      `sentinel monitor quotes ${host} ${master.port} 1`,
    ],
    ...[...users.sentinel, 'sentinel down-after-milliseconds quotes 600000'],
  ];
  writeFileSync(join(folder, 'sentinel.conf'), settings.join('\n'));
  const sentinel = [join(folder, 'sentinel.conf'), '--sentinel'];
  children.push(
    spawn(program.command, sentinel, { env: program.env, stdio: 'ignore', detached: true }),
  );
});

afterAll(() => {
  for (const client of clients) client.disconnect();
  for (const { pid, exitCode } of children)
    if (pid && exitCode === null) process.kill(-pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, args: string[] = [], port = 0): Promise<RedisServer> {
  const server = await startRedis(program, {
    ...{ host, port, dir: join(folder, name) },
    args: [...users.redis, ...SETTINGS, ...DEBUG, ...args],
  });
  children.push(server.process);
  return server;
}

function connect({ port }: RedisServer): Redis {
  const client = new Redis(port, host, { ...OPERATOR, retryStrategy: () => 20 });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

/** Starts a Job: its two containers, one after the other, in folders of this test. */
function run(
  job: 'backup' | 'restore',
  { port }: { port: number } = master,
  env: NodeJS.ProcessEnv = {},
) {
  const copy = mkdtempSync(join(folder, 'copy-'));
  const inFolders = (
    name: string,
    text = readFileSync(`deploy/components/redis-backup/${name}`, 'utf8'),
  ) => {
    writeFileSync(
      join(copy, name),
      text.replaceAll("'/backup'", `'${backups}'`).replaceAll('/copy', copy),
    );
    return join(copy, name);
  };
  const seal = `'${process.execPath}' '${inFolders('seal.ts')}'`;
  const steps = {
    backup: `sh '${inFolders('backup.sh')}' && ${seal} seal`,
    restore: `${seal} open && sh '${inFolders('restore.sh')}'`,
  };
  const child = spawn('sh', ['-c', steps[job]], {
    detached: true,
    env: {
      ...{ ...program.env, PATH: `${folder}/bin:${process.env.PATH}` },
      REDISCLI_AUTH: redisPassword(job === 'backup' ? 'backup' : 'operator'),
      ...{ REDIS_HOST: host, REDIS_PORT: String(port), REDIS_DB: '0', ...env },
    },
  });
  children.push(child);
  const result = {
    output: '',
    ended: once(child, 'close').then(([code]): { code: number; output: string } => ({
      code,
      output: result.output,
    })),
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      result.output += chunk;
    });
  }
  return result;
}

/** Waits until a script that runs has printed that. */
const prints = (job: ReturnType<typeof run>, text: RegExp) =>
  eventually(() => expect(job.output).toMatch(text), 30_000);

/** Runs a backup that must succeed, and answers its file. */
async function backup(job = run('backup')): Promise<string> {
  const { code, output } = await job.ended;
  if (code !== 0) throw new Error(output);
  return /^(\S+\.rdb(?:\.enc)?) \d+ bytes$/m.exec(output)?.[1] ?? '';
}

/** Loads a backup into a Redis of its own and answers what is in it. */
async function load(file: string): Promise<{ before: string | null; written: number }> {
  const dir = join(folder, 'loaded');
  const loaded = await startRedis(program, {
    ...{ host, port: 0, dir },
    args: ['--appendonly', 'no', '--dir', backups, '--dbfilename', basename(file)],
  });
  const client = new Redis(loaded.port, host);
  try {
    return { before: await client.get('before'), written: Number(await client.get('written')) };
  } finally {
    client.disconnect();
    await loaded.stop();
  }
}

/** Writes to the master, one write after another, until told to end. */
class Writer {
  /** The last write that was acknowledged. */
  acknowledged = 0;
  private going = true;
  private readonly done = this.write();

  async end(): Promise<void> {
    this.going = false;
    await this.done;
  }

  private async write(): Promise<void> {
    while (this.going) {
      const next = this.acknowledged + 1;
      await onMaster
        .multi()
        .set('written', next)
        .set(`quote:${next % 1000}`, String(next).repeat(100))
        .exec();
      this.acknowledged = next;
    }
  }
}

describe('backup.sh', () => {
  it('copies 30 times while clients write and the append-only file is rewritten', async () => {
    const writer = new Writer();
    try {
      for (let i = 0; i < 30; i += 1) {
        const { acknowledged } = writer;
        await onMaster.bgrewriteaof().catch(() => {});
        const { before, written } = await load(await backup());
        expect(before).toBe('all');
        expect(written).toBeGreaterThanOrEqual(acknowledged);
      }
    } finally {
      await writer.end();
    }
    const kept = readdirSync(backups);
    expect(kept).toHaveLength(7);
    expect(kept.every((name) => /^quotes-\d{8}T\d{6}Z\.rdb$/.test(name))).toBe(true);
  });

  it('copies in four Jobs at once', async () => {
    const jobs = Array.from({ length: 4 }, () => run('backup'));
    for (const file of await Promise.all(jobs.map(backup))) {
      expect((await load(file)).before).toBe('all');
    }
  });

  it('copies when nobody answers at first', async () => {
    const port = await freePort(host);
    const job = run('backup', { port });
    await prints(job, /Connection refused/);
    await start('late', ['--replicaof', host, String(master.port)], port);
    expect((await load(await backup(job))).before).toBe('all');
  });

  it('copies when the node loads at first', async () => {
    await onMaster.config('SET', 'key-load-delay', '1000');
    const loading = onMaster.call('DEBUG', 'LOADAOF');
    const job = run('backup');
    await prints(job, /LOADING/);
    await onMaster.config('SET', 'key-load-delay', '0');
    await loading;
    expect((await load(await backup(job))).before).toBe('all');
  });

  it('copies when the replica has lost its master at first', async () => {
    await onReplica.replicaof(host, await freePort(host));
    const job = run('backup', replica);
    await prints(job, /NOMASTERLINK/);
    await onReplica.replicaof(host, master.port);
    expect((await load(await backup(job))).before).toBe('all');
  });

  it('copies when the first copy is broken off', async () => {
    await onMaster.config('SET', 'rdb-key-save-delay', '2000');
    const job = run('backup');
    await prints(job, /writing bytes of bulk transfer/);
    await eventually(
      async () => expect(await onMaster.call('CLIENT', 'KILL', 'TYPE', 'replica')).not.toBe(0),
      30_000,
    );
    await onMaster.config('SET', 'rdb-key-save-delay', '0');
    expect((await load(await backup(job))).before).toBe('all');
    expect(readdirSync(backups).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('restore.sh', () => {
  const keys = async () => await onMaster.dbsize();

  it('puts back what was there, and logs nothing else', async () => {
    const there = await keys();
    const file = await backup();
    await onMaster.flushall();
    await onMaster.set('later', 'gone');
    const { code, output } = await run('restore').ended;
    expect(output.split('\n')).toEqual([
      expect.stringMatching(
        `/${basename(file)} \\(${there} keys\\) replaces the 1 keys of ${host}$`,
      ),
      `${there} keys restored`,
      '',
    ]);
    expect(code).toBe(0);
    expect(await keys()).toBe(there);
    expect(await onMaster.exists('later')).toBe(0);
  });

  it.each(['no-such-backup.rdb', 'damaged.rdb', '../damaged.rdb'])(
    'changes nothing when %s is to be restored',
    async (name) => {
      const [newest = ''] = readdirSync(backups).sort().reverse();
      if (name.includes('damaged'))
        writeFileSync(join(backups, name), readFileSync(join(backups, newest)).subarray(0, -9));
      const there = await keys();
      const { code, output } = await run('restore', master, { BACKUP: join(backups, name) }).ended;
      expect(output).toMatch(/nothing is changed\n$/);
      expect(code).toBe(1);
      expect(await keys()).toBe(there);
    },
  );

  describe('with a key', () => {
    const env = { BACKUP_KEY };
    const named = (output: string) => /^(\S+\.rdb\.enc) \d+ bytes$/m.exec(output)?.[1] ?? '';

    it('encrypts as OpenSSL does, decrypts, and restores', async () => {
      const there = await keys();
      const file = named((await run('backup', master, env).ended).output);
      const bytes = readFileSync(file);
      expect(bytes.subarray(0, 8).toString()).toBe('Salted__');
      expect(bytes.includes('before:')).toBe(false);
      const clear = join(folder, 'decrypted.rdb');
      const [documented = ''] =
        readFileSync('docs/operations.md', 'utf8').match(/(?<=^BACKUP_KEY=\S+ )openssl .*$/m) ?? [];
      const command = documented.replace(/-in \S+ -out \S+/, `-in '${file}' -out '${clear}'`);
      execFileSync('sh', ['-c', command], { env });
      expect(readFileSync(clear).subarray(0, 5).toString()).toMatch(/REDIS|VALKE/);

      await onMaster.flushall();
      const { code, output } = await run('restore', master, env).ended;
      expect(output).toContain(`${there} keys restored`);
      expect(code).toBe(0);
      expect(await keys()).toBe(there);
    });

    it.each<[string, NodeJS.ProcessEnv, RegExp]>([
      ['without the key', {}, /is encrypted, and there is no BACKUP_KEY; nothing is changed\n$/],
      [
        'with another key',
        { BACKUP_KEY: 'another' },
        /(cannot be decrypted: .*|is not a backup); nothing is changed\n$/,
      ],
    ])('changes nothing %s', async (_, other, reason) => {
      const file = named((await run('backup', master, env).ended).output);
      const there = await keys();
      const { code, output } = await run('restore', master, { ...other, BACKUP: file }).ended;
      expect(output).toMatch(reason);
      expect(code).toBe(1);
      expect(await keys()).toBe(there);
    });

    it('keeps seven backups, whether encrypted or not', () => {
      expect(readdirSync(backups).filter((name) => name.startsWith('quotes-'))).toHaveLength(7);
    });
  });

  it('changes nothing when there is no backup', async () => {
    for (const name of readdirSync(backups)) rmSync(join(backups, name));
    const there = await keys();
    const { code, output } = await run('restore').ended;
    expect(output).toMatch(/nothing is changed\n$/);
    expect(code).toBe(1);
    expect(await keys()).toBe(there);
  });
});
