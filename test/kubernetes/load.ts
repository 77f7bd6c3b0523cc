import { Agent } from 'node:http';
import { Agent as AgentOverTls } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type Environment, type RealCluster, sendTo } from './cluster.ts';

/** How much load an environment gets. */
interface Plan {
  /** Requests a second of all clients together. */
  rate: number;
  /** Clients at the same time. */
  clients: number;
  timeoutMs: number;
}

/** One request. */
export interface Attempt {
  what: string;
  /** Milliseconds from the beginning of the load to that of the request. */
  at: number;
  ms: number;
  /** The status of the answer, or the error. */
  status: number | string;
  /** The body of an answer that refuses. */
  text?: string;
}

/** Load in the background: `start` begins it, and `stop` waits for the requests under way. */
abstract class Load {
  readonly log: Attempt[] = [];
  /** When it began, by `Date.now()`. */
  begin = 0;
  protected readonly cluster: RealCluster;
  protected readonly environment: Environment;
  protected readonly plan: Plan;
  #running: Promise<void>[] = [];
  #ended = false;

  constructor(cluster: RealCluster, environment: Environment, plan: Partial<Plan> = {}) {
    this.cluster = cluster;
    this.environment = environment;
    this.plan = { rate: 20, clients: 4, timeoutMs: 10_000, ...plan };
  }

  /** Begins the load, and resolves once the first request has succeeded. */
  async start(): Promise<this> {
    this.begin = Date.now();
    const { clients, rate } = this.plan;
    this.#running = Array.from({ length: clients }, (_, i) => this.#work((i * 1000) / rate));
    while (!this.log.some((attempt) => this.succeeded(attempt))) {
      if (Date.now() - this.begin > 60_000)
        throw new Error(`no request succeeds: ${JSON.stringify(this.counts())}`);
      await delay(20);
    }
    return this;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#running);
  }

  /** Waits until this many requests that begin from now on have succeeded. */
  async more(count: number): Promise<void> {
    const since = Date.now() - this.begin;
    while (
      this.log.filter((attempt) => attempt.at >= since && this.succeeded(attempt)).length < count
    ) {
      if (Date.now() - this.begin - since > 180_000)
        throw new Error(`no ${count} requests succeed`);
      await delay(20);
    }
  }

  /** How often each status, or each error, came. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { status } of this.log) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  /** Requests that did not succeed, in the order in which they began. */
  failures(): Attempt[] {
    return this.log.filter((attempt) => !this.succeeded(attempt)).sort((a, b) => a.at - b.at);
  }

  /**
   * The gaps in which nothing succeeded although something failed, as callers see them: from the
   * beginning of the last request that succeeded to the end of the next one.
   */
  gaps(): { at: number; ms: number }[] {
    const log = this.log.toSorted((a, b) => a.at - b.at);
    const gaps: { at: number; ms: number }[] = [];
    let last = 0;
    let failed = false;
    for (const attempt of log) {
      if (!this.succeeded(attempt)) failed = true;
      else {
        const end = attempt.at + attempt.ms;
        if (failed) gaps.push({ at: last, ms: Math.round(end - last) });
        last = attempt.at;
        failed = false;
      }
    }
    return gaps;
  }

  /** Milliseconds of the longest gap, or of the longest request where that is more. */
  longest(): number {
    return Math.round(
      Math.max(0, ...this.gaps().map(({ ms }) => ms), ...this.log.map(({ ms }) => ms)),
    );
  }

  protected abstract succeeded(attempt: Attempt): boolean;
  /** Path of the next request. */
  protected abstract next(): string;
  /**
   * Sends a request.
   * @returns its status, and the body of an answer that refuses
   */
  protected abstract once(path: string): Promise<Pick<Attempt, 'status' | 'text'>>;

  async #work(offset: number): Promise<void> {
    const pace = (this.plan.clients * 1000) / this.plan.rate;
    let due = Date.now() + offset;
    while (!this.#ended) {
      if (due > Date.now()) await delay(due - Date.now());
      due = Math.max(due + pace, Date.now() - 1000);
      const begin = Date.now();
      const what = this.next();
      const outcome = await this.once(what).catch((error: NodeJS.ErrnoException) => ({
        status: error.code ?? error.message,
      }));
      this.log.push({ what, at: begin - this.begin, ms: Date.now() - begin, ...outcome });
    }
  }
}

/**
 * Writes quotes from outside through the load balancer, each by a new client on a new connection,
 * and remembers the acknowledged ones.
 */
export class Writer extends Load {
  /** Acknowledged quotes by id. */
  readonly acknowledged = new Map<string, string>();
  #count = 0;

  /**
   * Reads back every acknowledged quote. A request that tells neither that the quote is there nor
   * that it is missing is repeated.
   * @returns ids of those that are lost
   */
  async verify(): Promise<string[]> {
    const lost: string[] = [];
    const left = [...this.acknowledged];
    const readers = Array.from({ length: 8 }, async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        const [id, text] = next;
        if (!(await this.#isThere(id, text))) lost.push(id);
      }
    });
    await Promise.all(readers);
    return lost;
  }

  protected succeeded({ status }: Attempt): boolean {
    return status === 201;
  }

  protected next(): string {
    return '/quotes';
  }

  protected async once(path: string): Promise<Pick<Attempt, 'status' | 'text'>> {
    this.#count += 1;
    const quote = `Number ${this.#count}, written at ${Date.now()}`;
    const { status, text } = await this.cluster.ask(this.environment, `POST ${path}`, {
      headers: { authorization: this.environment.key },
      json: { quote },
      timeoutMs: this.plan.timeoutMs,
    });
    if (status !== 201) return { status, text };
    this.acknowledged.set((JSON.parse(text) as { id: string }).id, quote);
    return { status };
  }

  async #isThere(id: string, quote: string): Promise<boolean> {
    const end = Date.now() + 60_000;
    for (;;) {
      const answer = await this.cluster
        .ask(this.environment, `GET /quotes/${id}`)
        .catch(() => undefined);
      if (answer?.status === 200)
        return (JSON.parse(answer.text) as { quote: string }).quote === quote;
      if (answer?.status === 404 || Date.now() > end) return false;
      await delay(500);
    }
  }
}

/**
 * Reads from outside through the load balancer as browsers do: a client keeps its connection for a
 * few requests, fewer than its limit, and then another client comes.
 */
export class Reader extends Load {
  readonly #paths: string[];
  #count = 0;
  readonly #idle: { agent: Agent; address: string; left: number }[] = [];

  /** @param paths requested in turn; each must answer 200 */
  constructor(
    cluster: RealCluster,
    environment: Environment,
    paths: string[],
    plan: Partial<Plan> = {},
  ) {
    super(cluster, environment, { rate: 40, clients: 8, ...plan });
    this.#paths = paths;
  }

  override async stop(): Promise<void> {
    await super.stop();
    for (const { agent } of this.#idle) agent.destroy();
  }

  protected succeeded({ status }: Attempt): boolean {
    return status === 200;
  }

  protected next(): string {
    this.#count += 1;
    return this.#paths[this.#count % this.#paths.length] ?? '/';
  }

  protected async once(path: string): Promise<Pick<Attempt, 'status' | 'text'>> {
    const agent = () =>
      new (this.environment.tls ? AgentOverTls : Agent)({ keepAlive: true, maxSockets: 1 });
    const client = this.#idle.pop() ?? {
      agent: agent(),
      address: this.cluster.nextClient(),
      left: 5,
    };
    try {
      const outcome = await this.#get(path, client.agent, client.address);
      client.left -= 1;
      if (client.left > 0) this.#idle.unshift(client);
      else client.agent.destroy();
      return outcome;
    } catch (error) {
      client.agent.destroy();
      throw error;
    }
  }

  #get(
    path: string,
    agent: Agent,
    localAddress: string,
  ): Promise<Pick<Attempt, 'status' | 'text'>> {
    const headers = { host: this.environment.host };
    return new Promise((done, fail) => {
      const sending = sendTo(
        this.environment,
        { path, headers, agent, localAddress },
        (response) => {
          const status = response.statusCode ?? 0;
          let text = '';
          response.on('data', (chunk) => (text += chunk));
          response.on('error', fail);
          response.on('end', () => {
            clearTimeout(timer);
            done(status === 200 ? { status } : { status, text });
          });
        },
      );
      const timer = setTimeout(
        () => sending.destroy(new Error('no answer in time')),
        this.plan.timeoutMs,
      );
      sending.on('error', (error) => {
        clearTimeout(timer);
        fail(error);
      });
      sending.end();
    });
  }
}
