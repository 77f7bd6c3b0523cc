/**
 * Starts the app of an image once while the image is built, so that Node stores what V8 compiled in
 * NODE_COMPILE_CACHE and a start in the cluster has less to compile. Node uses it with the same
 * version, flags, path, user and processor features; otherwise it compiles as without.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const app = spawn(process.execPath, ['main.js'], {
  stdio: 'inherit',
  // Every app starts with these; without Redis it is alive, though not ready.
  env: {
    ...process.env,
    ADMIN_KEY: randomUUID(),
    APP_PORT: '5000',
    COOKIE_SECRET: randomUUID(),
    DEMO_MODE: 'True',
    DRAIN_SECONDS: '0',
    LOG_LEVEL: 'silent',
    REDIS_HOST: '127.0.0.1',
    STRIPE_WEBHOOK_SECRET: randomUUID(),
  },
});
const ended = new Promise((done) => app.once('exit', done));
// The importer is no service: without arguments it ends by itself.
const healthy = async () =>
  app.exitCode !== null ||
  (await fetch('http://127.0.0.1:5000/healthz').catch(() => undefined))?.ok === true;
while (!(await healthy())) await delay(20);
app.kill('SIGTERM');
await ended;
if (!readdirSync(process.env.NODE_COMPILE_CACHE ?? '').length)
  throw new Error('the app left no compile cache');
