import { connect } from 'node:net';
import { type ProblemName, problemType } from '#libs/problem/problem.catalogue.ts';
import { PROBLEM_CONTENT_TYPE } from '#libs/problem/problem.ts';
import type { ServiceProcess } from './service-process.ts';

/** An answer, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The body, parsed if it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a body has the shape that the test says
  body: any;
}

/** A request of a test fails when it takes longer. */
const MAX_ANSWER_MS = 5_000;

/**
 * Sends a request to a service.
 * @param target method and path, e.g. `GET /quotes`
 * @param options `json` is sent as a JSON body, `form` as a form, `raw` as it is, `key` as the
 *   `Authorization` field
 */
export async function call(
  service: Pick<ServiceProcess, 'url'>,
  target: string,
  options: {
    json?: unknown;
    form?: string;
    raw?: string;
    key?: string;
    headers?: Record<string, string>;
    timeoutMs?: number;
  } = {},
): Promise<Answer> {
  const [method = '', path = ''] = target.split(' ');
  const response = await fetch(service.url + path, {
    method,
    headers: {
      ...(options.json !== undefined && { 'content-type': 'application/json' }),
      ...(options.form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(options.key !== undefined && { authorization: options.key }),
      ...options.headers,
    },
    body:
      options.json === undefined
        ? (options.form ?? options.raw ?? null)
        : JSON.stringify(options.json),
    signal: AbortSignal.timeout(options.timeoutMs ?? MAX_ANSWER_MS),
    redirect: 'manual',
  });
  return {
    status: response.status,
    headers: response.headers,
    body: parse(await response.text(), response.headers),
  };
}

/**
 * An answer that a test presupposes: what is created for it is there.
 * @throws Error that tells the answer, when the service has refused
 */
export function succeeded(answer: Answer): Answer {
  if (answer.status < 400) return answer;
  const body = JSON.stringify(answer.body).slice(0, 500);
  throw new Error(`a service answered ${answer.status}: ${body}`);
}

/** The `Authorization` field of a user. */
export function basic(id: string, password: string): string {
  return `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
}

/**
 * Sends bytes that no HTTP client would send, and reads until the service closes the connection.
 */
export async function sendRaw(service: ServiceProcess, request: string | Buffer): Promise<Answer> {
  const bytes = await new Promise<Buffer>((done, fail) => {
    const chunks: Buffer[] = [];
    const socket = connect(service.port, '127.0.0.1', () => socket.write(request));
    socket.setTimeout(MAX_ANSWER_MS, () =>
      socket.destroy(new Error(`no answer within ${MAX_ANSWER_MS} ms`)),
    );
    socket.on('data', (chunk) => chunks.push(chunk));
    // The service may close before it has read all of a request that it refuses.
    socket.on('error', (error) => (chunks.length > 0 ? done(Buffer.concat(chunks)) : fail(error)));
    socket.on('close', () => done(Buffer.concat(chunks)));
  });
  const [head = '', ...rest] = bytes.toString('utf8').split('\r\n\r\n');
  const [statusLine = '', ...fields] = head.split('\r\n');
  const headers = new Headers(
    fields.map((field) => field.split(/: ?(.*)/s, 2) as [string, string]),
  );
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    body: parse(rest.join('\r\n\r\n'), headers),
  };
}

/** The value of a metric of a service: of one series, or over all labels. */
export async function metric(service: Pick<ServiceProcess, 'url'>, name: string): Promise<number> {
  const { body } = await call(service, 'GET /metrics');
  const series = name.includes('{') ? name.replace(/[{}]/g, '\\$&') : `${name}(?:{[^}]*})?`;
  return [...body.matchAll(new RegExp(`^${series} (\\S+)$`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

/** Asserts that an answer is a problem document of RFC 9457, of the given kind. */
export function expectProblem(answer: Answer, status: number, problem: ProblemName): void {
  expect(answer).toMatchObject({
    status,
    body: {
      type: problemType(problem),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: answer.headers.get('x-request-id'),
    },
  });
  expect(answer.headers.get('content-type')).toBe(PROBLEM_CONTENT_TYPE);
}

function parse(text: string, headers: Headers): unknown {
  return text !== '' && /json/.test(headers.get('content-type') ?? '') ? JSON.parse(text) : text;
}
