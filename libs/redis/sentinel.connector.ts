import { createConnection, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import { giveUpSilent } from './silence.watch.ts';

/** Name of the master that the Sentinels watch. */
const MASTER_NAME = 'quotes';
/** How long a Sentinel may take to connect or to answer. */
const SENTINEL_TIMEOUT_MS = 500;
/** How often the Sentinels are asked while all is well, in case an announcement is lost. */
const WATCH_INTERVAL_MS = 1000;
/** How long an abandoned connection may still deliver answers. */
const PARTING_MS = 200;

interface Address {
  host: string;
  port: number;
}

/** The master as the Sentinels know it. */
interface Master extends Address {
  /** Grows with every failover, so that the answer with the highest one is the latest. */
  epoch: number;
  /** Whether the quorum of Sentinels agrees that it does not answer. */
  isDown: boolean;
  /** Whether a failover has begun: a Sentinel completes it even when this master is back. */
  isBeingReplaced: boolean;
}

/**
 * Announcements after which a client may have to leave its master, or may not choose it any more.
 */
export const ANNOUNCEMENTS = ['+odown', '+try-failover', '+switch-master'];

/**
 * Leads a client to the master that the Sentinels name, and away from it as soon as they name
 * another. A replaced master may go on serving: until a Sentinel makes it a replica, 10 s later, it
 * answers reads with stale data and refuses writes.
 *
 * It also keeps the client from a master that is being replaced. One that comes back in the middle
 * of an election could acknowledge a write together with a replica that still follows it, and the
 * replica that is promoted would never have that write.
 *
 * The connector of ioredis asks one Sentinel at a time, waits for ever for one that hangs, and
 * believes one that was cut off. Its failover detector ends the client for good when the
 * announcement comes while the client is asking. Here all Sentinels are asked at once, and the
 * latest answer counts.
 */
export class SentinelConnector extends AbstractConnector {
  readonly #addresses: readonly Address[];
  readonly #options: Partial<RedisOptions>;
  #sentinels: Redis[] = [];
  /**
   * The addresses of the Sentinels that left the last question unanswered. Nobody waits for them
   * until they answer one, also over other connections: each wait would take half a second of a
   * failover.
   */
  readonly #silent = new Set<string>();
  /** Why a Sentinel cannot be reached. */
  readonly #errors = new Map<Redis, Error>();
  #watch: NodeJS.Timeout | undefined;
  /** The master that the current connection leads to. */
  #master: Master | undefined;

  /** @param options how to log in to the Sentinels, and TLS to them and to the master */
  constructor(addresses: readonly Address[], options: Partial<RedisOptions> = {}) {
    super(PARTING_MS);
    this.#addresses = addresses;
    this.#options = options;
  }

  /**
   * Opens a connection to the master, or answers a closed one when no master can be used; the
   * client then tries again later.
   */
  override async connect(): Promise<Socket> {
    this.connecting = true;
    if (this.#watch === undefined) this.#open();
    const answer = await this.#ask();
    // The client was closed meanwhile.
    if (!this.connecting) throw new Error('Connection is closed.');
    if (!('epoch' in answer) || answer.isBeingReplaced) {
      this.#master = undefined;
      this.firstError =
        'epoch' in answer ? new Error(`${answer.host}:${answer.port} is being replaced`) : answer;
      this.stream = new Socket().destroy();
      return this.stream;
    }
    this.#master = answer;
    const { tls } = this.#options;
    const { host, port } = answer;
    this.stream = tls ? connectTls({ host, port, ...tls }) : createConnection(port, host);
    this.stream.once('error', (error) => {
      this.firstError = error;
    });
    return this.stream;
  }

  /** Whether the node calls itself a master in its INFO, and is not being replaced. */
  override check({ role }: { role?: string }): boolean {
    return (role === undefined || role === 'master') && this.#master?.isBeingReplaced === false;
  }

  /** The client calls this when it is closed, and before it connects again. */
  override disconnect(): void {
    super.disconnect();
    clearInterval(this.#watch);
    this.#watch = undefined;
    for (const sentinel of this.#sentinels) sentinel.disconnect();
    this.#sentinels = [];
    this.#errors.clear();
  }

  #open(): void {
    this.#watch = setInterval(() => void this.#follow(), WATCH_INTERVAL_MS);
    this.#sentinels = this.#addresses.map((address) => {
      const sentinel = new Redis({
        ...address,
        ...this.#options,
        disableClientInfo: true,
        connectTimeout: SENTINEL_TIMEOUT_MS,
        commandTimeout: SENTINEL_TIMEOUT_MS,
        maxRetriesPerRequest: 0,
        enableReadyCheck: false,
        autoResubscribe: false,
        retryStrategy: reconnectDelay,
      });
      // A connection that a lost node left half open is noticed when a question gets no answer.
      giveUpSilent(sentinel, SENTINEL_TIMEOUT_MS);
      sentinel.on('error', (error) => this.#errors.set(sentinel, error));
      sentinel.on('ready', () => {
        this.#errors.delete(sentinel);
        sentinel.subscribe(...ANNOUNCEMENTS).catch(() => {});
      });
      sentinel.on('message', () => void this.#follow());
      return sentinel;
    });
  }

  /**
   * Gives up a connection to a master that is down or has been replaced. Without a connection the
   * client is about to ask by itself.
   */
  async #follow(): Promise<void> {
    const answer = await this.#ask();
    const left = this.#master;
    if (
      !('epoch' in answer) ||
      left === undefined ||
      answer.epoch < left.epoch ||
      this.stream.destroyed
    )
      return;
    this.#master = answer;
    if (answer.isDown || answer.host !== left.host || answer.port !== left.port) super.disconnect();
  }

  /** Why no Sentinel answered: the reason of the first, so that it changes as little as it can. */
  #failure([first]: Redis[], [answer]: PromiseSettledResult<Master>[]): Error {
    const reason =
      answer?.status === 'rejected' ? (answer.reason as Error) : new Error('no Sentinel is known');
    return (first && this.#errors.get(first)) ?? reason;
  }

  /** The latest that the Sentinels know of the master. */
  async #ask(): Promise<Master | Error> {
    const sentinels = this.#sentinels;
    const answers = await Promise.allSettled(sentinels.map((sentinel) => this.#askOne(sentinel)));
    const masters = answers
      .filter((answer) => answer.status === 'fulfilled')
      .map(({ value }) => value);
    const epoch = Math.max(...masters.map((master) => master.epoch));
    const latest = masters.filter((master) => master.epoch === epoch);
    const [first] = latest;
    if (first === undefined) return this.#failure(sentinels, answers);
    return {
      ...first,
      isDown: latest.some(({ isDown }) => isDown),
      isBeingReplaced: latest.some(({ isBeingReplaced }) => isBeingReplaced),
    };
  }

  async #askOne(sentinel: Redis): Promise<Master> {
    const { host, port } = sentinel.options;
    const address = `${host}:${port}`;
    const answer = askOne(sentinel);
    const isAwaited = !this.#silent.has(address);
    answer.then(
      () => this.#silent.delete(address),
      () => this.#silent.add(address),
    );
    if (!isAwaited) throw new Error(`the Sentinel at ${host} does not answer`);
    return answer;
  }
}

/**
 * Milliseconds before the next attempt to connect: few at first, bounded, and not the same for all
 * clients that lost Redis at the same instant.
 */
export function reconnectDelay(attempt: number): number {
  return Math.min(50 * attempt, 1000) * (0.5 + Math.random() / 2);
}

async function askOne(sentinel: Redis): Promise<Master> {
  if (sentinel.status === 'reconnecting')
    throw new Error(`the Sentinel at ${sentinel.options.host} is away`);
  // The state comes first, so that an answer from the middle of a failover has the older epoch.
  const [state, [host, port]] = (await Promise.all([
    sentinel.call('SENTINEL', 'MASTER', MASTER_NAME),
    sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME),
  ])) as [string[], [string, string]];
  const field = (name: string) => state[state.indexOf(name) + 1] ?? '';
  // The Sentinel that leads a failover names the promoted replica before it ends the failover.
  const isNamed = field('ip') === host && field('port') === port;
  const flags = isNamed ? field('flags').split(',') : [];
  const isDown = flags.includes('o_down');
  return {
    host,
    port: Number(port),
    epoch: Number(field('config-epoch')),
    isDown,
    isBeingReplaced: isDown || flags.includes('failover_in_progress'),
  };
}
