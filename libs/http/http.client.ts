import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

/** How many calls of one service are under way at a time; the others wait, for no longer than their timeout. */
const SOCKETS = 64;

const HTTP = {
  request: httpRequest,
  agent: new HttpAgent({ keepAlive: true, maxSockets: SOCKETS }),
};
const HTTPS = {
  request: httpsRequest,
  agent: new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS }),
};

/** A call of another service. */
export interface HttpCall {
  method: 'GET' | 'POST';
  url: URL;
  /** Whoever traces adds its own before the call is sent. */
  headers: Record<string, string>;
  body?: string;
  /** Milliseconds until the whole answer must be there. */
  timeout: number;
}

/** What a service answered. */
export interface HttpAnswer {
  status: number;
  body: string;
}

/** Tells whoever listens, as a tracer does, of every call. */
export const httpCalls = tracingChannel<
  unknown,
  HttpCall & { result?: HttpAnswer; error?: unknown }
>('quotes-platform:http');

/**
 * Calls another service. Redirects are not followed. Node's own client, because `fetch` takes up to 17 MiB more of a process.
 * @throws Error when there is no whole answer in time
 */
export function callService(call: HttpCall): Promise<HttpAnswer> {
  return httpCalls.tracePromise(() => send(call), call);
}

async function send(call: HttpCall): Promise<HttpAnswer> {
  const { method, url, headers, body, timeout } = call;
  const signal = AbortSignal.timeout(timeout);
  const { request, agent } = url.protocol === 'https:' ? HTTPS : HTTP;
  for (;;) {
    const outgoing = request(url, { method, headers, agent, signal });
    // What happens after the response has begun shows in the response.
    outgoing.on('error', () => {});
    outgoing.end(body);
    try {
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      return { status: response.statusCode ?? 0, body: await text(response) };
    } catch (error) {
      // A kept connection may be closed by the other side just when it is used again: a read is repeated on another one.
      if (method !== 'GET' || !outgoing.reusedSocket || signal.aborted) throw error;
    }
  }
}
