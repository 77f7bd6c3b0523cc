import type { ServiceName } from '#libs/config/services.ts';
import { PROBLEMS, type ProblemName, problemType } from '#libs/problem/problem.catalogue.ts';
import { ADMIN_KEY } from '#libs/testing/platform.ts';
import { type Method, type OpenApi, operationsOf } from './document.ts';
import { type Credentials, TRIALS, type Trial } from './trials.ts';

/** A call as the clients read it: what the document tells of it, and what trials.ts does. */
export interface ClientRequest {
  service: ServiceName;
  /** Address of the service. */
  url: string;
  tag: string;
  operation: string;
  method: Method;
  path: string;
  parameters: { name: string; in: string; value: unknown }[];
  /** The body, and the name of its schema. */
  body?: object;
  model?: string;
  headers: Readonly<Record<string, string>>;
  credentials: Partial<Record<Credentials, string | { id: string; password: string }>>;
  /** Whether a success answers with something else than JSON. */
  isText: boolean;
}

/** A request, and what a client must make of the answer to it. */
export interface Exchange {
  request: ClientRequest;
  /** `answer` is at least in it. */
  expected: { status: number; answer: unknown };
}

/**
 * The calls of all operations of a service, those that fail first: these change nothing.
 * @param fixtures for the names in braces
 * @throws Error when trials.ts and the document do not agree
 */
export function exchangesOf(
  service: ServiceName,
  document: OpenApi,
  url: string,
  fixtures: Readonly<Record<string, string>>,
): Exchange[] {
  const filled = JSON.stringify(TRIALS[service]).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = fixtures[name];
    if (value === undefined) throw new Error(`fixtures.ts does not make "${name}"`);
    return value;
  });
  const trials: Record<string, Trial> = JSON.parse(filled);
  const exchanges = operationsOf(document).map(({ method, path, operation }) => {
    const id = operation.operationId ?? '';
    const trial = trials[id];
    if (!trial) throw new Error(`trials.ts does not call ${id} of ${service}`);
    const problem = trial.fails.problem as ProblemName;
    const { status: failure } = PROBLEMS[problem];
    for (const status of [trial.succeeds.status, failure])
      if (!operation.responses[status]) throw new Error(`${id} has no ${status} in its document`);
    const content = operation.requestBody?.content['application/json'];
    const success = operation.responses[trial.succeeds.status]?.content ?? {};
    const requestOf = (call: Trial['succeeds'] | Trial['fails']): ClientRequest => ({
      service,
      url,
      tag: operation.tags?.[0] ?? '',
      operation: id,
      method,
      path,
      parameters: Object.entries(call.parameters ?? {}).map(([name, value]) => {
        const place = operation.parameters?.find((parameter) => parameter.name === name)?.in;
        if (!place) throw new Error(`${id} has no parameter ${name} in its document`);
        return { name, in: place, value };
      }),
      ...(call.body && { body: call.body, model: content?.schema?.$ref?.split('/').at(-1) ?? '' }),
      headers: call.headers ?? {},
      credentials: call.as ? { [call.as]: credentials(call.as, fixtures) } : {},
      isText: Object.keys(success).some((type) => !/[/+]json$/.test(type)),
    });
    return {
      fails: {
        request: requestOf(trial.fails),
        expected: { status: failure, answer: { type: problemType(problem), status: failure } },
      },
      succeeds: {
        request: requestOf(trial.succeeds),
        expected: { status: trial.succeeds.status, answer: trial.succeeds.answer },
      },
    };
  });
  return [...exchanges.map(({ fails }) => fails), ...exchanges.map(({ succeeds }) => succeeds)];
}

function credentials(scheme: Credentials, fixtures: Readonly<Record<string, string>>) {
  const { user = '', password = '' } = fixtures;
  return scheme === 'userCredentials' ? { id: user, password } : ADMIN_KEY;
}
