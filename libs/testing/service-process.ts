import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import { freePort } from './redis-server.ts';
import { untilReady } from './until-ready.ts';

/** A built service, run as in production: its own process and environment. */
export class ServiceProcess {
  readonly url: string;
  readonly process: ChildProcess;
  readonly port: number;
  /** How the process ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly log: string;

  private constructor(process: ChildProcess, port: number, log: string) {
    this.process = process;
    this.port = port;
    this.log = log;
    this.url = `http://127.0.0.1:${port}`;
    this.exited = new Promise((done) => {
      process.once('exit', (code, signal) => done({ code, signal }));
    });
  }

  /**
   * Starts an app on a free port, without waiting for it.
   * @param env its whole environment; APP_PORT in it wins over the free port
   * @param log file that collects what it prints
   */
  static async start(app: string, env: NodeJS.ProcessEnv, log: string): Promise<ServiceProcess> {
    const port = Number(env.APP_PORT) || (await freePort());
    const output = openSync(log, 'w');
    const child = spawn(process.execPath, [`dist/apps/${app}/main.js`], {
      env: { APP_PORT: String(port), ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    return new ServiceProcess(child, port, log);
  }

  /** Waits until the service takes requests. */
  async ready(): Promise<this> {
    try {
      await untilReady(this.process, this.url);
    } catch (error) {
      throw new Error(`the service is not ready: ${this.output()}`, { cause: error });
    }
    return this;
  }

  /** All that the service has printed. */
  output(): string {
    return readFileSync(this.log, 'utf8');
  }

  /** Stops all threads of the process before it answers; SIGCONT lets them go on. */
  async freeze(): Promise<void> {
    const threads = `/proc/${this.process.pid}/task`;
    this.process.kill('SIGSTOP');
    await eventually(() =>
      readdirSync(threads).every((thread) =>
        readFileSync(`${threads}/${thread}/stat`, 'utf8').includes(') T '),
      ),
    );
  }

  /** Sends a signal, and waits for the end of the process. */
  end(signal: NodeJS.Signals): ServiceProcess['exited'] {
    this.process.kill(signal);
    return this.exited;
  }
}
