import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { stringify } from 'yaml';
import type { Program } from '#libs/testing/debian.ts';
import { eventually } from '#libs/testing/eventually.ts';
import { freePort } from '#libs/testing/redis-server.ts';
import { redisPassword } from '#libs/testing/redis-users.ts';
import { secret } from '#libs/testing/secrets.ts';
import { haste, hasten, load, overlay, ruleFiles } from './configuration.ts';
import { debian, pinned, run } from './programs.ts';

/** A mail as it arrived. */
export interface Mail extends Email {
  arrived: number;
}

/** A process in place of a container, as cAdvisor and kube-state-metrics would report it. */
export interface Container {
  pod: string;
  name: string;
  pid: number;
  /** Cores and bytes that it may use. */
  limits: { cpu: number; memory: number };
}

/** One sample of an instant query. */
export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

const NAMESPACE = 'qualification';
const USER = 'alerts@example.com';

/**
 * Prometheus, Alertmanager and a Redis exporter as real processes, with the rules, routes and
 * templates of the overlay, only faster; and a mail server that wants a password. It
 * scrapes the processes that it is told of.
 */
export class Monitoring {
  readonly mails: Mail[] = [];
  /** Reports these processes as a kubelet would. */
  readonly containers: Container[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
  private readonly processes: ChildProcess[] = [];
  private readonly servers: { close(): unknown }[] = [];
  private prometheus = '';

  /** @param services addresses of the services by name */
  async start(services: Record<string, string>, redis: string): Promise<void> {
    const smtp = await this.startMailServer();
    const alertmanager = await this.startAlertmanager(smtp);
    const target = (targets: string[], labels: Record<string, string>) => [
      {
        targets: targets.map((url) => url.replace('http://', '')),
        labels: { namespace: NAMESPACE, ...labels },
      },
    ];
    const jobs = {
      services: Object.entries(services).flatMap(([service, url]) =>
        target([url], { service, pod: `${service}-deployment-1` }),
      ),
      redis: target([await this.startRedisExporter(redis)], { pod: 'redis-qualification-0' }),
      traefik: target([await this.startTraefik()], { namespace: 'traefik', pod: 'traefik-1' }),
      cadvisor: target([await this.tellOfContainers()], {}),
      'kube-state-metrics': target([await this.tellOfLimits()], {}),
    };
    const folder = join(this.folder, 'prometheus');
    mkdirSync(folder);
    const { scrape_config_files: _, ...configuration } = hasten(
      load(`${overlay}/prometheus/prometheus.yml`),
    );
    configuration.alerting.alertmanagers[0].static_configs[0].targets = [alertmanager];
    configuration.rule_files = [`${folder}/*.rules.yml`];
    configuration.scrape_configs = Object.entries(jobs).map(([job_name, static_configs]) => ({
      job_name,
      honor_labels: true,
      scrape_timeout: configuration.global.scrape_interval,
      static_configs,
    }));
    for (const [i, file] of ruleFiles.entries()) {
      writeFileSync(
        `${folder}/${i}.rules.yml`,
        stringify(hasten(load(file)), { aliasDuplicateObjects: false }),
      );
    }
    writeFileSync(
      `${folder}/prometheus.yml`,
      stringify(configuration, { aliasDuplicateObjects: false }),
    );
    run(pinned('promtool'), 'check', 'config', `${folder}/prometheus.yml`);
    this.prometheus = await this.serve(pinned('prometheus'), '/-/ready', (port) => [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--rules.alert.resend-delay=1s',
    ]);
  }

  /** Ends all that was started. */
  stop(): void {
    for (const child of this.processes) child.kill('SIGKILL');
    for (const server of this.servers) server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What Prometheus answers to an expression now. */
  async query(expr: string): Promise<Sample[]> {
    const response = await fetch(`http://${this.prometheus}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    const { data, error } = (await response.json()) as {
      data?: { result: Sample[] };
      error?: string;
    };
    if (!data) throw new Error(`${error}: ${expr}`);
    return data.result;
  }

  /** The names of all metrics that were scraped or recorded. */
  async metrics(): Promise<string[]> {
    const response = await fetch(`http://${this.prometheus}/api/v1/label/__name__/values`);
    return ((await response.json()) as { data: string[] }).data;
  }

  /**
   * Waits for a mail that has come after the given time and has all these words in subject or text.
   */
  mail(words: string[], since = 0): Promise<Mail> {
    return this.find(
      ({ subject, text }) => words.every((word) => `${subject}\n${text}`.includes(word)),
      words,
      since,
    );
  }

  /** Waits for a mail that has come after the given time and says that this is over. */
  resolved(word: string, since: number): Promise<Mail> {
    return this.find(
      ({ text }) => /\nRESOLVED in .*/s.exec(`\n${text}`)?.[0].includes(word) ?? false,
      [word],
      since,
    );
  }

  private find(matches: (mail: Mail) => boolean, words: string[], since: number): Promise<Mail> {
    return eventually(() => {
      const found = this.mails.find((mail) => mail.arrived >= since && matches(mail));
      if (!found)
        throw new Error(
          `no mail with ${words}; came:\n${this.mails.map(({ subject }) => subject).join('\n')}`,
        );
      return found;
    }, 90_000);
  }

  private startMailServer(): Promise<number> {
    const server = new SMTPServer({
      authOptional: false,
      allowInsecureAuth: true,
      hideSTARTTLS: true,
      onAuth: ({ username, password }, _session, done) =>
        username === USER && password === secret('smtp')
          ? done(null, { user: USER })
          : done(new Error('refused')),
      onData: (stream, _session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', async () => {
          const raw = Buffer.concat(chunks);
          this.mails.push({ ...(await PostalMime.parse(raw)), arrived: Date.now() });
          done();
        });
      },
    });
    this.servers.push({ close: () => server.close(() => {}) });
    return new Promise((done) => {
      const listening = server.listen(0, '127.0.0.1', () =>
        done((listening.address() as { port: number }).port),
      );
    });
  }

  private async startAlertmanager(smtpPort: number): Promise<string> {
    const folder = join(this.folder, 'alertmanager');
    mkdirSync(folder);
    writeFileSync(`${folder}/password`, secret('smtp'));
    const configuration = hasten(load(`${overlay}/alertmanager/alertmanager.yml`));
    Object.assign(configuration.global, {
      smtp_smarthost: `127.0.0.1:${smtpPort}`,
      smtp_auth_username: USER,
      smtp_auth_password_file: `${folder}/password`,
      // The one difference to production that is not time: a certificate for the loopback address
      // would prove nothing.
      smtp_require_tls: false,
    });
    writeFileSync(`${folder}/mail.tmpl`, readFileSync(`${overlay}/alertmanager/mail.tmpl`));
    configuration.templates = [`${folder}/mail.tmpl`];
    writeFileSync(`${folder}/alertmanager.yml`, stringify(configuration));
    return this.serve(pinned('alertmanager'), '/-/ready', (port) => [
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
  }

  private startRedisExporter(redis: string): Promise<string> {
    const { command, env } = debian('prometheus-redis-exporter', 'prometheus-redis-exporter');
    const login = { REDIS_USER: 'exporter', REDIS_PASSWORD: redisPassword('exporter') };
    const program = { command, env: { ...env, ...login, REDIS_EXPORTER_CONFIG_COMMAND: '-' } };
    return this.serve(program, '/health', (port) => [
      `-redis.addr=redis://${redis}`,
      `-web.listen-address=127.0.0.1:${port}`,
    ]);
  }

  /**
   * Traefik with a certificate that expires in 10 days, and with its limit, which has refused a
   * client.
   */
  private async startTraefik(): Promise<string> {
    const folder = join(this.folder, 'traefik');
    mkdirSync(folder);
    const subject = [
      '-x509',
      '-nodes',
      '-newkey',
      'rsa:2048',
      '-days',
      '10',
      '-subj',
      '/CN=quotes.example.com',
    ];
    const files = ['-keyout', `${folder}/key.pem`, '-out', `${folder}/certificate.pem`];
    execFileSync('openssl', ['req', ...subject, ...files], { stdio: 'ignore' });
    const tools = execFileSync('test/manifests/tools.sh', { encoding: 'utf8' }).trim();
    const [web, port] = [await freePort(), await freePort()];
    const routes = `${folder}/routes`;
    mkdirSync(routes);
    cpSync('deploy/overlays/traefik/middlewares.yaml', `${routes}/middlewares.yaml`);
    writeFileSync(
      `${routes}/routes.yml`,
      stringify({
        http: {
          routers: {
            limited: { rule: 'Path(`/ping`)', middlewares: ['ratelimit'], service: 'ping' },
          },
          services: { ping: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${port}` }] } } },
        },
        tls: {
          certificates: [{ certFile: `${folder}/certificate.pem`, keyFile: `${folder}/key.pem` }],
        },
      }),
    );
    const address = await this.launch(`${tools}/traefik`, process.env, port, '/ping', [
      `--entrypoints.web.address=127.0.0.1:${web}`,
      `--entrypoints.traefik.address=127.0.0.1:${port}`,
      '--ping=true',
      '--metrics.prometheus=true',
      '--metrics.prometheus.addrouterslabels=true',
      `--providers.file.directory=${routes}`,
      '--global.checknewversion=false',
    ]);
    await eventually(async () => (await fetch(`http://127.0.0.1:${web}/ping`)).status === 429);
    return address;
  }

  /** Reports CPU time and memory as cAdvisor does, from the same accounts of the kernel. */
  private tellOfContainers(): Promise<string> {
    return this.tell('/metrics', () =>
      this.containers.flatMap((container) => {
        const labels = `{namespace="${NAMESPACE}",pod="${container.pod}",container="${container.name}"}`;
        return [
          `container_cpu_usage_seconds_total${labels} ${cpuSeconds(container.pid)}`,
          `container_memory_working_set_bytes${labels} ${anonymousBytes(container.pid)}`,
        ];
      }),
    );
  }

  private tellOfLimits(): Promise<string> {
    return this.tell('/metrics', () =>
      this.containers.flatMap((container) => {
        const labels = `namespace="${NAMESPACE}",pod="${container.pod}",container="${container.name}"`;
        return [
          `kube_pod_container_resource_limits{${labels},resource="cpu"} ${container.limits.cpu}`,
          `kube_pod_container_resource_limits{${labels},resource="memory"} ${container.limits.memory}`,
          `kube_pod_container_status_running{${labels}} 1`,
        ];
      }),
    );
  }

  private async tell(path: string, lines: () => string[]): Promise<string> {
    const server: Server = createServer((request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(request.url === path ? `${lines().join('\n')}\n` : '');
    });
    this.servers.push({ close: () => server.close().closeAllConnections() });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  private async serve({ command, env }: Program, path: string, args: (port: number) => string[]) {
    const port = await freePort();
    return this.launch(command, env, port, path, args(port));
  }

  /** Starts a program, waits until it answers, and tells its address. */
  private async launch(
    command: string,
    env: NodeJS.ProcessEnv,
    port: number,
    path: string,
    args: string[],
  ) {
    const log = join(this.folder, `${port}.log`);
    const output = openSync(log, 'w');
    const child = spawn(command, args, { env, stdio: ['ignore', output, output] });
    this.processes.push(child);
    await eventually(async () => {
      if (child.exitCode !== null)
        throw new Error(`${command} ended: ${readFileSync(log, 'utf8')}`);
      return (await fetch(`http://127.0.0.1:${port}${path}`)).ok;
    }, 30_000);
    return `127.0.0.1:${port}`;
  }
}

/** User and system time of a process, in seconds (Linux). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/**
 * Memory that the kernel could not take back from a process, which is most of what cAdvisor calls
 * its working set.
 */
function anonymousBytes(pid: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** The seconds in production that correspond to these milliseconds in the test. */
export const inProduction = (took: number) => Math.round((took * haste) / 1000);
