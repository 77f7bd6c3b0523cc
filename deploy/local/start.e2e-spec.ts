import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { SourceMap } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SERVICES } from '#libs/config/services.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { findRedisProgram, freePort, startRedis } from '#libs/testing/redis-server.ts';

/** The local run has fixed ports, so that nothing else may use them during these tests. */
const PORTS = SERVICES.map(({ port }) => port);

/** A build, and a start after it, take a minute each on a busy machine. */
const BUILD_TIMEOUT_MS = 300_000;

/** A project folder with the built services of the real one, and data that no other run sees. */
const folder = mkdtempSync(join(tmpdir(), 'start-'));
/** The same with sources that a test may change, and bundles that no other test runs. */
const sources = join(folder, 'sources');
const launched: ChildProcess[] = [];
let redisPort = '';

beforeAll(async () => {
  redisPort = String(await freePort());
  for (const name of ['dist', 'deploy']) symlinkSync(resolve(name), join(folder, name));
  for (const name of ['apps', 'libs', 'deploy', 'nest-cli.json', 'package.json', 'tsconfig.json']) {
    cpSync(name, join(sources, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(sources, 'node_modules'));
  for (const project of [folder, sources]) {
    mkdirSync(join(project, 'data'));
    if (existsSync('data/debian'))
      symlinkSync(resolve('data/debian'), join(project, 'data/debian'));
    // Without the sample, each start is shorter.
    writeFileSync(join(project, 'data/sample-loaded'), '');
  }
});
afterEach(async () => {
  for (const child of launched.splice(0)) await interrupt(child);
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(env: NodeJS.ProcessEnv = {}, options: string[] = [], cwd = folder) {
  const child = spawn(process.execPath, ['deploy/local/start.ts', ...options], {
    cwd,
    env: {
      PATH: process.env.PATH,
      REDIS_SERVER: process.env.REDIS_SERVER,
      REDIS_PORT: redisPort,
      ...env,
    },
  });
  launched.push(child);
  const run = { child, output: '', exited: once(child, 'close') };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      run.output += chunk;
    });
  }
  return run;
}

async function running(env: NodeJS.ProcessEnv = {}, options: string[] = [], cwd = folder) {
  const run = start(env, options, cwd);
  await eventually(
    () => run.child.exitCode !== null || run.output.includes('Ctrl-C stops everything.'),
    BUILD_TIMEOUT_MS,
  );
  expect(run.output).toContain('The quotes platform is running.');
  return run;
}

/** Interrupts a run as Ctrl-C does. */
async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  await once(child, 'exit');
}

async function listening(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => true,
    (error: Error) => !/ECONNREFUSED/.test(String(error.cause)),
  );
}

/** The processes that work in the folder: the launcher, Redis, the services. */
function processes(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}

/** The id of the process of a service. */
function processOf(service: string): string | undefined {
  return processes().find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`dist/apps/${service}/main.js`),
  );
}

describe('npm start', () => {
  it('brings up Redis and the services, keeps the data, and leaves nothing behind', async () => {
    const key = { authorization: 'supersecretkey' };
    const first = await running();
    expect(first.output).toMatch(new RegExp(`redis +127\\.0\\.0\\.1:${redisPort}\n`));
    for (const port of PORTS) expect(first.output).toContain(`http://localhost:${port}/`);
    expect(first.output).toContain(`REDIS_PORT=${redisPort} npm run import`);
    const [, search = ''] = /curl '(.*\/search.*)'/.exec(first.output) ?? [];
    expect((await fetch(search)).status).toBe(200);
    const body = '{"id": "1", "name": "Tintin", "password": "milou"}';
    const form = { ...key, 'content-type': 'application/x-www-form-urlencoded' };
    expect(
      (await fetch('http://localhost:5000/users', { method: 'POST', headers: form, body })).status,
    ).toBe(201);
    for (let i = 0; i < 12; i += 1)
      expect((await fetch('http://localhost:5001/quotes')).status).toBe(200);
    const shop = await fetch('http://localhost:4242/', { headers: { accept: 'text/html' } });
    expect(shop.status).toBe(200);
    expect(await shop.text()).toContain('Nothing is charged');

    first.child.kill('SIGINT');
    expect(await first.exited).toEqual([0, null]);
    expect(first.output).toMatch(/\nStopped\..*\n$/);
    expect(processes()).toEqual([]);
    for (const port of [...PORTS, Number(redisPort)])
      expect([port, await listening(port)]).toEqual([port, false]);

    await running();
    const list = await fetch('http://localhost:5000/users', { headers: key });
    expect(await list.json()).toMatchObject({ items: [{ id: '1', name: 'Tintin' }] });
  });

  it.each([1, 2, 3, 4])('interrupted as soon as it has %i processes leaves none', async (count) => {
    const { child, exited } = start();
    await eventually(() => processes().length > count);
    child.kill('SIGINT');
    await exited;

    expect(processes()).toEqual([]);
  });

  it('passes on the environment it was started with', async () => {
    const { output } = await running({ THROTTLE_LIMIT: '3', ADMIN_KEY: 'another-key' });
    expect(output).toContain('3 requests per client in 60 s');
    expect(output).not.toContain('another-key');
    const statuses = [];
    for (let i = 0; i < 4; i += 1) {
      statuses.push(
        (await fetch('http://localhost:5000/users', { headers: { authorization: 'another-key' } }))
          .status,
      );
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  it('says in one line what is wrong with the environment, and leaves nothing behind', async () => {
    const run = start({ LOG_LEVEL: 'loud' });
    const [code] = await run.exited;
    expect(code).toBe(1);
    expect(run.output).toMatch(/^LOG_LEVEL [^\n]*\n$/);
    expect(processes()).toEqual([]);
  });

  it.each([
    ['refused', { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' }],
    ['unknown host', { REDIS_HOST: 'redis.invalid', REDIS_PORT: '1' }],
  ])(
    'names the Redis that it was told of and cannot use, before it builds and by itself: %s',
    async (reason, env) => {
      const run = start(env, ['--build']);
      const [code] = await run.exited;
      expect(code).toBe(1);
      // The line is all that it says: it has not begun to build.
      expect(run.output).toMatch(
        new RegExp(`^Redis at ${env.REDIS_HOST}:1 is away: ${reason} [^\n]*REDIS_HOST[^\n]*\n$`),
      );
      expect(processes()).toEqual([]);
    },
  );

  it('uses the Redis that it is told of, and tells the importer of it', async () => {
    const server = await startRedis(findRedisProgram(), { port: 0, dir: join(folder, 'redis') });
    const run = await running({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(server.port) });
    expect(run.output).toMatch(new RegExp(`redis +127\\.0\\.0\\.1:${server.port}\n`));
    expect(run.output).toContain(`REDIS_HOST=127.0.0.1 REDIS_PORT=${server.port} npm run import`);

    await interrupt(run.child);
    await server.stop();
  });

  it.each(PORTS)('says in one line, before it builds, that port %i is taken', async (port) => {
    const server = createServer().listen(port);
    await once(server, 'listening');
    const run = start({}, ['--build']);
    const [code] = await run.exited;
    server.close();

    expect(code).toBe(1);
    expect(run.output).toMatch(new RegExp(`^[^\n]*${port}[^\n]*\n$`));
    expect(processes()).toEqual([]);
  });

  it('interrupted while it builds says that it stopped, and leaves nothing behind', async () => {
    const run = start({}, ['--build'], sources);
    await eventually(() => run.output.includes('Building'));
    run.child.kill('SIGINT');
    expect(await run.exited).toEqual([0, null]);
    expect(run.output).toMatch(/\nStopped\..*\n$/);
    expect(processes()).toEqual([]);
  });

  it(
    'builds in one line, or says what is wrong with a source',
    async () => {
      const built = join(sources, 'dist/apps/quotes/main.js');
      const run = await running({}, ['--build'], sources);
      expect(run.output).toMatch(/^Building \.\.\. built in \d+\.\d s\.\n/);
      expect(run.output).not.toContain('Rspack');
      expect(existsSync(built)).toBe(true);
      await interrupt(run.child);

      const module = 'apps/quotes/src/quotes.module.ts';
      save(module, (text) => `${text}const nothing = ;\n`);
      const failed = start({}, ['--build'], sources);
      const [code] = await failed.exited;
      save(module, (text) => text.replace('const nothing = ;\n', ''));
      expect(code).toBe(1);
      expect(failed.output).toContain(module);
      expect(processes()).toEqual([]);
    },
    BUILD_TIMEOUT_MS,
  );
});

/** Saves a change of a source. */
function save(file: string, change: (text: string) => string): void {
  const path = join(sources, file);
  const text = readFileSync(path, 'utf8');
  expect(change(text)).not.toBe(text);
  writeFileSync(path, change(text));
}

describe('npm run dev', () => {
  const CONTROLLER = 'apps/quotes/src/quotes.controller.ts';
  const rename = (text: string) => text.replace('Read a quote drawn', 'Read one quote drawn');
  const renameBack = (text: string) => text.replace('Read one quote drawn', 'Read a quote drawn');
  const served = async () => (await fetch('http://localhost:5001/openapi.json')).text();

  it(
    'brings a saved change to life, keeps the data, and leaves the other services alone',
    async () => {
      const run = await running({}, ['--watch'], sources);
      const headers = { authorization: 'supersecretkey', 'content-type': 'application/json' };
      const body = JSON.stringify({ id: '2', name: 'Haddock', password: 'loch-lomond' });
      const added = await fetch('http://localhost:5000/users', { method: 'POST', headers, body });
      expect(added.status).toBe(201);
      const others = ['users', 'search', 'shop'].map(processOf);
      const quotes = processOf('quotes');

      save(CONTROLLER, rename);
      await eventually(async () => (await served()).includes('Read one quote drawn'), 60_000);
      await eventually(() => run.output.includes('quotes restarted in'), 60_000);
      expect(processOf('quotes')).not.toBe(quotes);
      expect(['users', 'search', 'shop'].map(processOf)).toEqual(others);
      expect(
        await (await fetch('http://localhost:5000/users/2', { headers })).json(),
      ).toMatchObject({
        name: 'Haddock',
      });

      save(CONTROLLER, (text) => `${renameBack(text)}const nothing = ;\n`);
      await eventually(() => run.output.includes('Expression expected'), 60_000);
      expect(await served()).toContain('Read one quote drawn');
      save(CONTROLLER, (text) => text.replace('const nothing = ;\n', ''));
      await eventually(async () => (await served()).includes('Read a quote drawn'), 60_000);

      save('apps/quotes/src/main.ts', (text) => `throw new Error('too early');\n${text}`);
      await eventually(
        () => run.output.includes('quotes ended; the next change starts it again.'),
        60_000,
      );
      expect(run.output).toMatch(/apps\/quotes\/src\/main\.ts:1\b/);
      save('apps/quotes/src/main.ts', (text) => text.replace(/^.*\n/, ''));
      await eventually(async () => (await served()).includes('Read a quote drawn'), 60_000);
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    '--inspect stops at a line of TypeScript, and a change comes to life all the same',
    async () => {
      await running({}, ['--watch', '--inspect', 'quotes'], sources);
      const line = 'return this.quotes.random(query, request);';
      const lineOf = (file: string) =>
        readFileSync(join(sources, file), 'utf8')
          .split('\n')
          .findIndex((text) => text.includes(line));
      const generated = lineOf('dist/apps/quotes/main.js');
      const map = new SourceMap(
        JSON.parse(readFileSync(join(sources, 'dist/apps/quotes/main.js.map'), 'utf8')),
      );
      const client = await attach();
      client.send('Debugger.enable', {});
      client.send('Debugger.setBreakpointByUrl', {
        lineNumber: generated,
        urlRegex: 'apps/quotes/main\\.js$',
      });
      await eventually(() => client.messages.some(({ result }) => result?.locations?.length === 1));

      const request = fetch('http://localhost:5001/quotes/random').catch(() => undefined);
      const paused = await eventually(
        () => client.messages.find(({ method }) => method === 'Debugger.paused') ?? false,
      );
      const { lineNumber = -1, columnNumber = -1 } = paused.params?.callFrames?.[0]?.location ?? {};
      expect(map.findEntry(lineNumber, columnNumber)).toMatchObject({
        originalSource: expect.stringContaining(join(sources, CONTROLLER)),
        originalLine: lineOf(CONTROLLER),
      });

      save(CONTROLLER, rename);
      await eventually(async () => (await served()).includes('Read one quote drawn'), 60_000);
      await request;
      save(CONTROLLER, renameBack);
    },
    BUILD_TIMEOUT_MS,
  );

  it('--inspect names the services that it takes', async () => {
    const run = start({}, ['--watch', '--inspect', 'nothing']);
    const [code] = await run.exited;
    expect(code).toBe(1);
    expect(run.output).toMatch(/^[^\n]*users, quotes, search, shop[^\n]*\n$/);
  });
});

/** A message to a debugger. */
interface DebuggerMessage {
  method?: string;
  params?: { callFrames?: { location: { lineNumber: number; columnNumber: number } }[] };
  result?: { locations?: unknown[] };
}

/** Attaches as a debugger does. */
async function attach() {
  const targets = await (await fetch('http://127.0.0.1:9229/json')).json();
  const [{ webSocketDebuggerUrl }] = targets as [{ webSocketDebuggerUrl: string }];
  const socket = new WebSocket(webSocketDebuggerUrl);
  const messages: DebuggerMessage[] = [];
  socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(data)));
  await once(socket, 'open');
  let id = 0;
  const send = (method: string, params: object) => {
    id += 1;
    socket.send(JSON.stringify({ id, method, params }));
  };
  return { messages, send };
}
