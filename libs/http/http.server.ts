import { randomUUID } from 'node:crypto';
import {
  createServer,
  IncomingMessage,
  type Server,
  ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import { Counter } from 'prom-client';
import type { ProblemName } from '#libs/problem/problem.catalogue.ts';
import { PROBLEM_CONTENT_TYPE, ProblemError, problemDetails } from '#libs/problem/problem.ts';
import { RequestPacer } from './request.pacer.ts';

/** Largest body accepted, in bytes. */
export const BODY_LIMIT = 64 * 1024;

/** A connection has one request answered at a time, so that this bounds those in flight too. */
export const MAX_CONNECTIONS = 1500;
/**
 * How many requests may wait, over all connections, because their clients sent them before they had
 * the answer to an earlier one.
 */
const MAX_PIPELINED_REQUESTS = 4096;
/** The memory that bodies may take while they are received, over all connections. */
const MAX_BODIES_BYTES = 8 * 1024 * 1024;
/** The memory that one body may take: much more than its length when it arrives in small chunks. */
const MAX_BODY_BYTES = 16 * BODY_LIMIT;
/** The memory that a chunk of a body takes beside its bytes. */
const CHUNK_OVERHEAD_BYTES = 256;
/**
 * The length of the answers that are ready but not yet read by their clients, over all connections,
 * in characters or bytes.
 */
const MAX_UNREAD_LENGTH = 6 * 1024 * 1024;

/** The headers of a request must arrive within this time, and so must the whole request. */
const REQUEST_TIMEOUT_MS = 10_000;
const CHECKING_INTERVAL_MS = 1_000;
/** After this time without any traffic during a request, nobody reads the answer. */
const READER_TIMEOUT_MS = 30_000;
/**
 * Longer than any proxy keeps an idle connection (600 s at most), so that none sends a request into
 * a connection that closes.
 */
const KEEP_ALIVE_TIMEOUT_MS = 620_000;

/**
 * Connections closed because they held what others need: `crowded` for idle or slow ones, `unread`
 * for those whose clients do not read their answers.
 */
const connectionsCut = new Counter({
  name: 'http_connections_cut_total',
  help: 'Connections closed because they held what others need',
  labelNames: ['reason'] as const,
});

/** Probes must be answered even while the pacer holds requests back. */
const PROBE_PATHS = new Set<string | undefined>(['/healthz', '/readyz']);

/** The problems of what Node's HTTP parser refuses, by the codes of its errors. */
const CLIENT_ERRORS: Readonly<Record<string, ProblemName>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** A request that was refused before it reached the application. */
export interface Refusal {
  id: string;
  status: number;
  /** Address of the peer. */
  ip: string;
}

/** Answers requests. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

declare module 'node:net' {
  interface Socket {
    /** The response that is being made or sent on this connection. */
    response?: ServerResponse | undefined;
  }
}

declare module 'node:http' {
  interface ServerResponse {
    /** Called when the responses before this one on its connection have been sent. */
    onTurn?: () => void;
  }
}

/** Memory that is held on behalf of clients: the share of each owner, the oldest first. */
class MemoryAccount<T> {
  private readonly shares = new Map<T, number>();
  private total = 0;

  /** @param limit bounds the sum of all shares */
  constructor(private readonly limit: number) {}

  /** Adds to a share, and returns its size. */
  add(owner: T, size: number): number {
    const share = (this.shares.get(owner) ?? 0) + size;
    this.shares.set(owner, share);
    this.total += size;
    return share;
  }

  close(owner: T): void {
    this.total -= this.shares.get(owner) ?? 0;
    this.shares.delete(owner);
  }

  /** Closes the oldest shares until the rest is within the limit, and returns their owners. */
  evict(): T[] {
    const evicted: T[] = [];
    for (const owner of this.shares.keys()) {
      if (this.total <= this.limit) break;
      evicted.push(owner);
      this.close(owner);
    }
    return evicted;
  }
}

/**
 * Node's HTTP server with a bound for everything that clients can make it hold: connections,
 * pipelined requests, bodies, answers that nobody reads. A connection has one request answered at a
 * time; the next one waits, and further ones are not even read. This costs nothing for a client
 * that waits for its answers, as nearly all do. A request that is refused before it reaches the
 * application is answered with a problem document as well.
 */
export class HttpServer {
  /** Called with every refusal, for logs and metrics. */
  onRefusal: (refusal: Refusal) => void = () => {};

  private readonly pacer = new RequestPacer();
  private readonly connections = new Set<Socket>();
  private readonly malformed = new WeakSet<Socket>();
  /** How many requests of each connection wait for the answer to an earlier one. */
  private readonly pipelined = new Map<Socket, number>();
  private allPipelined = 0;
  private readonly bodies = new MemoryAccount<IncomingMessage>(MAX_BODIES_BYTES);
  private readonly unread = new MemoryAccount<ServerResponse>(MAX_UNREAD_LENGTH);

  /** @param headers of every refusal, beside those of a problem */
  constructor(private readonly headers: Readonly<Record<string, string>> = {}) {}

  /** Makes the server around the application's handler. */
  create(handler: HttpHandler): Server {
    const onBody = (request: IncomingMessage, size: number) => this.keepBody(request, size);
    const onUnread = (response: ServerResponse, size: number) => this.keepUnread(response, size);

    class Request extends IncomingMessage {
      override push(chunk: Buffer | null): boolean {
        if (chunk !== null) onBody(this, chunk.length);
        return super.push(chunk);
      }
    }

    class Response extends ServerResponse<Request> {
      override assignSocket(socket: Socket): void {
        super.assignSocket(socket);
        socket.response = this;
        if (this.onTurn) this.onTurn();
      }

      override detachSocket(socket: Socket): void {
        super.detachSocket(socket);
        socket.response = undefined;
      }

      override end(...args: unknown[]): this {
        super.end(...(args as []));
        // Most answers are handed to the kernel whole and at once.
        const size = this.socket?.writableLength ?? 0;
        if (size > 0) onUnread(this, size);
        return this;
      }
    }

    const server = createServer({
      IncomingMessage: Request,
      ServerResponse: Response,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // The application refuses a request without `Host`, or with two, so that the answer is a
      // problem document. Joined duplicates show it the second one.
      requireHostHeader: false,
      joinDuplicateHeaders: true,
    });
    server.setTimeout(READER_TIMEOUT_MS);
    server.on('connection', (socket) => this.admit(socket));
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      if (response.socket) this.begin(request, response, handler);
      else this.queue(request, response, handler);
    };
    server.on('request', onRequest);
    server.on('checkExpectation', onRequest);
    server.on('connect', (_request, socket: Socket) => this.refuse(socket, 'method-not-allowed'));
    return server;
  }

  /** Answers a request that the parser refuses. */
  refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
    // A connection on which requests wait is not read: what is missing of the last one is late
    // because of the server. The connection stays one of the first that make room for others.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && (this.pipelined.get(socket) ?? 0) > 0) return;
    // The parser reports the rest of the data on this connection as well.
    if (this.malformed.has(socket)) return;
    this.malformed.add(socket);
    if (error.code === 'ECONNRESET') socket.destroy();
    else this.refuseInTurn(CLIENT_ERRORS[error.code ?? ''] ?? 'malformed-http', socket);
  }

  private refuseInTurn(problem: ProblemName, socket: Socket): void {
    const { response } = socket;
    if (!response) this.refuse(socket, problem);
    // The requests before this one were valid, and get their answers.
    else if (response.req.complete)
      response.once('close', () => this.refuseInTurn(problem, socket));
    // The application, which reads the body of the request, answers.
    else if (!response.headersSent && response.req.listenerCount('error') > 0) {
      response.req.emit('error', new ProblemError(problem));
    } else this.refuse(socket, problem);
  }

  /**
   * Admits a connection. When there are too many, the oldest of those is closed whose request is
   * not being answered.
   */
  private admit(socket: Socket): void {
    this.pacer.noteConnection();
    this.connections.add(socket);
    socket.once('close', () => this.connections.delete(socket));
    if (this.connections.size <= MAX_CONNECTIONS) return;
    for (const other of this.connections) {
      const { response } = other;
      if (response && !response.writableEnded && response.req.complete) continue;
      if (other === socket) break;
      this.cut(other, 'crowded');
      return;
    }
    this.refuse(socket, 'busy');
  }

  /**
   * Counts a chunk of a body. When bodies take too much memory, the requests that began first are
   * refused.
   */
  private keepBody(request: IncomingMessage, size: number): void {
    if (request.destroyed) return;
    const share = this.bodies.add(request, size + CHUNK_OVERHEAD_BYTES);
    if (share === size + CHUNK_OVERHEAD_BYTES)
      request.once('close', () => this.bodies.close(request));
    if (share > MAX_BODY_BYTES) this.refuse(request.socket, 'body-too-large');
    for (const { socket } of this.bodies.evict()) this.refuse(socket, 'busy');
  }

  /**
   * Lets a request wait until those before it on its connection are answered. Meanwhile the
   * connection is not read.
   */
  private queue(request: IncomingMessage, response: ServerResponse, handler: HttpHandler): void {
    const { socket } = request;
    // Requests that were already parsed are still emitted after the connection was closed.
    if (socket.destroyed) return;
    if (this.allPipelined >= MAX_PIPELINED_REQUESTS) {
      this.refuse(socket, 'busy');
      return;
    }
    let count = this.pipelined.get(socket);
    if (count === undefined) {
      count = 0;
      socket.once('close', () => {
        this.allPipelined -= this.pipelined.get(socket) ?? 0;
        this.pipelined.delete(socket);
      });
    }
    this.pipelined.set(socket, count + 1);
    this.allPipelined += 1;
    if (count === 0) {
      socket.pause();
      // Node resumes a connection whenever a request on it has been read or an answer sent.
      socket.resume = () => socket;
    }
    // Other connections get their turn in between.
    response.onTurn = () => setImmediate(() => this.proceed(request, response, handler));
  }

  private proceed(request: IncomingMessage, response: ServerResponse, handler: HttpHandler): void {
    const { socket } = request;
    const count = this.pipelined.get(socket);
    if (count === undefined) return;
    this.pipelined.set(socket, count - 1);
    this.allPipelined -= 1;
    if (count === 1) {
      Reflect.deleteProperty(socket, 'resume');
      socket.resume();
    }
    this.begin(request, response, handler);
  }

  private begin(request: IncomingMessage, response: ServerResponse, handler: HttpHandler): void {
    if (PROBE_PATHS.has(request.url)) handler(request, response);
    else this.pacer.begin(response, () => handler(request, response));
  }

  /**
   * Counts an answer that is not read yet. When there are too many, the connections are closed
   * whose clients have had the longest time to read.
   */
  private keepUnread(response: ServerResponse, size: number): void {
    this.unread.add(response, size);
    response.once('close', () => this.unread.close(response));
    for (const { socket } of this.unread.evict()) if (socket) this.cut(socket, 'unread');
  }

  private cut(socket: Socket, reason: 'crowded' | 'unread'): void {
    connectionsCut.inc({ reason });
    this.connections.delete(socket);
    socket.destroy();
  }

  /** Closes a connection, with a problem document unless an answer has begun already. */
  private refuse(socket: Socket, problem: ProblemName): void {
    if (socket.destroyed) return;
    const error = new ProblemError(problem);
    const id = randomUUID();
    if (socket.writable && !socket.response?.headersSent)
      socket.write(rawProblem(error, id, this.headers));
    this.onRefusal({ id, status: error.status, ip: socket.remoteAddress ?? '' });
    socket.destroy();
  }
}

function rawProblem(
  problem: ProblemError,
  id: string,
  headers: Readonly<Record<string, string>>,
): string {
  const body = JSON.stringify(problemDetails(problem, id));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `date: ${new Date().toUTCString()}`,
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(problem.status === 503 ? ['retry-after: 1'] : []),
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
