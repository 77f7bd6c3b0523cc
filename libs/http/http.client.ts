import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

/** Concurrent calls per service; further ones wait, at most for their timeout. */
const MAX_SOCKETS = 64;

const HTTP = {
  request: httpRequest,
  agent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
};
const HTTPS = {
  request: httpsRequest,
  agent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
};

/** A call of another service. */
export interface HttpCall {
  method: 'GET' | 'POST';
  url: URL;
  /** A tracer adds its own before the call is sent. */
  headers: Record<string, string>;
  body?: string;
  /** Within which the whole answer must arrive. */
  timeoutMs: number;
  /** Aborted when nobody wants the answer any more. */
  signal?: AbortSignal;
}

/** What a service answered. */
export interface HttpAnswer {
  status: number;
  body: string;
}

/** Publishes every call, for a tracer. */
export const httpCalls = tracingChannel<
  unknown,
  HttpCall & { result?: HttpAnswer; error?: unknown }
>('quotes-platform:http');

/**
 * Calls another service; redirects are not followed. It uses Node's own client, because `fetch`
 * adds up to 17 MiB to a process.
 * @throws Error when there is no whole answer in time, or the call was aborted
 */
export function callService(call: HttpCall): Promise<HttpAnswer> {
  return httpCalls.tracePromise(() => send(call), call);
}

async function send(call: HttpCall): Promise<HttpAnswer> {
  const { method, url, headers, body, timeoutMs } = call;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = call.signal ? AbortSignal.any([timeout, call.signal]) : timeout;
  const { request, agent } = url.protocol === 'https:' ? HTTPS : HTTP;
  for (;;) {
    const outgoing = request(url, { method, headers, agent, signal });
    // The response reports what fails after it has begun.
    outgoing.on('error', () => {});
    outgoing.end(body);
    try {
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      return { status: response.statusCode ?? 0, body: await text(response) };
    } catch (error) {
      // The other side may close a kept connection just when it is used again: a read is repeated.
      if (method !== 'GET' || !outgoing.reusedSocket || signal.aborted) throw error;
    }
  }
}
