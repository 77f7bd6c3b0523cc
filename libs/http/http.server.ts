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

/**
 * How many connections a process has at most. Each answers one request at a time, so that this
 * bounds the requests in flight too.
 */
export const MOST_CONNECTIONS = 1500;
/**
 * How many requests may wait, over all connections, because their clients sent them before they had
 * the answer to an earlier one.
 */
const MOST_AHEAD = 4096;
/** How much memory bodies may take while they come in, over all connections, in bytes. */
const MOST_BODIES = 8 * 1024 * 1024;
/**
 * How much memory one body may take, which is much more than its length when it comes in crumbs.
 */
const MOST_BODY = 16 * BODY_LIMIT;
/** What a piece of a body takes beside its bytes. */
const PIECE_OVERHEAD = 256;
/**
 * How much may be ready and not yet taken by its reader, over all connections, in characters or
 * bytes.
 */
const MOST_UNREAD = 6 * 1024 * 1024;

/** The headers of a request must have come after this time, and its body too, in milliseconds. */
const REQUEST_TIMEOUT = 10_000;
/** How often that is looked at. */
const CHECKING_INTERVAL = 1_000;
/**
 * A connection on which nothing moves while a request is under way is closed after this time:
 * nobody reads the answer.
 */
const READER_TIMEOUT = 30_000;
/**
 * How long an idle connection is kept: longer than any proxy keeps its own (600 s at most), so that
 * none sends into one that closes.
 */
const KEEP_ALIVE_TIMEOUT = 620_000;

/**
 * Connections closed because they held what others need: `crowded` idle or slow ones, `unread`
 * those whose clients do not read.
 */
const connectionsCut = new Counter({
  name: 'http_connections_cut_total',
  help: 'Connections closed because they held what others need',
  labelNames: ['reason'] as const,
});

/** Asked by probes, and never held back. */
const PROBE_PATHS = new Set<string | undefined>(['/healthz', '/readyz']);

/** What Node's HTTP parser refuses before there is a request. */
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

/** What answers requests. */
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

/** Memory taken on behalf of clients, by whom, the longest first. */
class Account<T> {
  private readonly shares = new Map<T, number>();
  private total = 0;

  /** @param limit of all shares together */
  constructor(private readonly limit: number) {}

  /** Adds to a share, and answers with its size. */
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

  /** Closes the oldest shares until the rest is within the limit, and answers with their owners. */
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
 * requests sent ahead, bodies, answers that nobody reads. A connection has one request at a time
 * answered; the next waits, and further ones are not even read. For a client that waits for its
 * answers, as nearly all do, this costs nothing. What is refused before it reaches the application
 * is answered with a problem document all the same.
 */
export class HttpServer {
  /** Told of every refusal, for logs and metrics. */
  onRefusal: (refusal: Refusal) => void = () => {};

  private readonly pacer = new RequestPacer();
  private readonly connections = new Set<Socket>();
  private readonly malformed = new WeakSet<Socket>();
  /** How many requests each connection has sent ahead. */
  private readonly ahead = new Map<Socket, number>();
  private allAhead = 0;
  private readonly bodies = new Account<IncomingMessage>(MOST_BODIES);
  private readonly unread = new Account<ServerResponse>(MOST_UNREAD);

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
        // The network takes most answers whole and at once.
        const size = this.socket?.writableLength ?? 0;
        if (size > 0) onUnread(this, size);
        return this;
      }
    }

    const server = createServer({
      IncomingMessage: Request,
      ServerResponse: Response,
      requestTimeout: REQUEST_TIMEOUT,
      headersTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECKING_INTERVAL,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      // The application refuses it, so that the answer is a problem document; a field that comes
      // twice shows as two values in one.
      requireHostHeader: false,
      joinDuplicateHeaders: true,
    });
    server.setTimeout(READER_TIMEOUT);
    server.on('connection', (socket) => this.admit(socket));
    const begin = (request: IncomingMessage, response: ServerResponse) => {
      if (PROBE_PATHS.has(request.url)) handler(request, response);
      else this.pacer.begin(() => handler(request, response));
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      if (response.socket) begin(request, response);
      else this.wait(request, response, handler);
    };
    server.on('request', onRequest);
    server.on('checkExpectation', onRequest);
    server.on('connect', (_request, socket: Socket) => this.refuse(socket, 'method-not-allowed'));
    return server;
  }

  /** Answers what the parser refuses. */
  refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
    // Whatever comes after it is malformed too.
    if (this.malformed.has(socket)) return;
    this.malformed.add(socket);
    if (error.code === 'ECONNRESET') socket.destroy();
    else this.refuseInTurn(CLIENT_ERRORS[error.code ?? ''] ?? 'malformed-http', socket);
  }

  private refuseInTurn(problem: ProblemName, socket: Socket): void {
    const { response } = socket;
    if (!response) this.refuse(socket, problem);
    // The requests before this one were good, and get their answers.
    else if (response.req.complete)
      response.once('close', () => this.refuseInTurn(problem, socket));
    // Whoever reads the body of the request answers.
    else if (!response.headersSent && response.req.listenerCount('error') > 0) {
      response.req.emit('error', new ProblemError(problem));
    } else this.refuse(socket, problem);
  }

  /**
   * Takes a connection in. When there are too many, the one goes that has been there for the
   * longest of those for which nothing is being done.
   */
  private admit(socket: Socket): void {
    this.pacer.noteConnection();
    this.connections.add(socket);
    socket.once('close', () => this.connections.delete(socket));
    if (this.connections.size <= MOST_CONNECTIONS) return;
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
   * Notes a piece of a body. When there is too much of that, those go that have been coming in for
   * the longest time.
   */
  private keepBody(request: IncomingMessage, size: number): void {
    if (request.destroyed) return;
    const share = this.bodies.add(request, size + PIECE_OVERHEAD);
    if (share === size + PIECE_OVERHEAD) request.once('close', () => this.bodies.close(request));
    if (share > MOST_BODY) this.refuse(request.socket, 'body-too-large');
    for (const { socket } of this.bodies.evict()) this.refuse(socket, 'busy');
  }

  /**
   * Has a request wait until those before it on its connection are answered, and reads no further
   * from there.
   */
  private wait(request: IncomingMessage, response: ServerResponse, handler: HttpHandler): void {
    const { socket } = request;
    // What was parsed already still comes after the connection was cut.
    if (socket.destroyed) return;
    if (this.allAhead >= MOST_AHEAD) {
      this.refuse(socket, 'busy');
      return;
    }
    let count = this.ahead.get(socket);
    if (count === undefined) {
      count = 0;
      socket.once('close', () => {
        this.allAhead -= this.ahead.get(socket) ?? 0;
        this.ahead.delete(socket);
      });
    }
    this.ahead.set(socket, count + 1);
    this.allAhead += 1;
    if (count === 0) {
      socket.pause();
      // Node resumes a connection whenever a request on it has been read or an answer sent.
      socket.resume = () => socket;
    }
    // Others get their turn in between.
    response.onTurn = () => setImmediate(() => this.proceed(request, response, handler));
  }

  private proceed(request: IncomingMessage, response: ServerResponse, handler: HttpHandler): void {
    const { socket } = request;
    const count = this.ahead.get(socket);
    if (count === undefined) return;
    this.ahead.set(socket, count - 1);
    this.allAhead -= 1;
    if (count === 1) {
      Reflect.deleteProperty(socket, 'resume');
      socket.resume();
    }
    handler(request, response);
  }

  /**
   * Notes an answer that waits for its reader. When there is too much of that, those go that have
   * had the longest time to read.
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
    if (socket.writable && !socket.response?.headersSent) socket.write(rawProblem(error, id));
    this.onRefusal({ id, status: error.status, ip: socket.remoteAddress ?? '' });
    socket.destroy();
  }
}

function rawProblem(problem: ProblemError, id: string): string {
  const body = JSON.stringify(problemDetails(problem, id));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `date: ${new Date().toUTCString()}`,
    `content-type: ${PROBLEM_CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${id}`,
    'x-content-type-options: nosniff',
    ...(problem.status === 503 ? ['retry-after: 1'] : []),
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
