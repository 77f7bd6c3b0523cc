/**
 * Makes the requests of a file through openapi-fetch, and prints each answer as a line of JSON.
 * run.ts puts the types beside it that openapi-typescript makes of the documents.
 */
import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import type * as quotes from './quotes.ts';
import type * as search from './search.ts';
import type * as shop from './shop.ts';
import type { TRIALS } from './trials.ts';
import type * as users from './users.ts';

/** A constant of type T, whose parts may be left out if `Optional`. */
type Constant<T, Optional = false> = T extends readonly (infer Item)[]
  ? readonly Constant<Item, Optional>[]
  : T extends object
    ? Optional extends true
      ? { readonly [Key in keyof T]?: Constant<T[Key], true> }
      : { readonly [Key in keyof T]: Constant<T[Key]> }
    : T;

/** A member of a call, which may be missing if nothing in it is required. */
type Member<Name extends string, T> = [T] extends [never]
  ? { readonly [Key in Name]?: never }
  : Record<never, never> extends T
    ? { readonly [Key in Name]?: Constant<T> }
    : { readonly [Key in Name]: Constant<T> };

type Given<T> = [NonNullable<T>] extends [never] ? unknown : NonNullable<T>;

type ParametersOf<Operation> = Operation extends {
  parameters: { path?: infer Path; query?: infer Query; header?: infer Header };
}
  ? Given<Path> & Given<Query> & Given<Header>
  : unknown;

type BodyOf<Operation> = Operation extends {
  requestBody: { content: { 'application/json': infer Body } };
}
  ? Body
  : never;

type AnswerOf<Operation> = Operation extends { responses: infer Responses }
  ? {
      [Status in keyof Responses]: Status extends 200 | 201
        ? Responses[Status] extends { content: { 'application/json': infer Body } }
          ? Body
          : string
        : never;
    }[keyof Responses]
  : never;

type CallOf<Operation> = Member<'parameters', ParametersOf<Operation>> &
  Member<'body', BodyOf<Operation>>;

interface TrialOf<Operation> {
  readonly succeeds: CallOf<Operation> & {
    readonly status: number;
    readonly answer?: Constant<AnswerOf<Operation>, true>;
  };
  readonly fails: CallOf<Operation> & { readonly problem: string };
}

type TrialsOf<Operations> = { readonly [Id in keyof Operations]: TrialOf<Operations[Id]> };

/** Every operation of every document, with the types of its parameters, body and answer. */
interface AllTrials {
  readonly users: TrialsOf<users.operations>;
  readonly quotes: TrialsOf<quotes.operations>;
  readonly search: TrialsOf<search.operations>;
  readonly shop: TrialsOf<shop.operations>;
}

/** Does not compile unless the trials fit the documents. */
export const fit = (trials: typeof TRIALS): AllTrials => trials;

interface Request {
  url: string;
  method: string;
  path: string;
  parameters: { name: string; in: 'path' | 'query' | 'header'; value: unknown }[];
  body?: object;
  headers: Record<string, string>;
  credentials: {
    adminKey?: string;
    adminKeyBearer?: string;
    userCredentials?: { id: string; password: string };
  };
  isText: boolean;
}

function authorization({ adminKey, adminKeyBearer, userCredentials }: Request['credentials']) {
  if (adminKey) return { authorization: adminKey };
  if (adminKeyBearer) return { authorization: `Bearer ${adminKeyBearer}` };
  if (!userCredentials) return {};
  return { authorization: `Basic ${btoa(`${userCredentials.id}:${userCredentials.password}`)}` };
}

async function send(request: Request) {
  const { url, method, path, parameters, body, headers, credentials, isText } = request;
  const those = (place: string) =>
    Object.fromEntries(
      parameters
        .filter((parameter) => parameter.in === place)
        .map(({ name, value }) => [name, value]),
    );
  const client = createClient<Record<string, never>>({ baseUrl: url });
  // The types of a call are those of its path, which is not known here: `fit` has checked them.
  const { data, error, response } = await client.request(
    method as never,
    path as never,
    {
      params: { path: those('path'), query: those('query'), header: those('header') },
      headers: { ...headers, ...authorization(credentials) },
      body,
      parseAs: isText ? 'text' : 'json',
    } as never,
  );
  return { status: response.status, body: data ?? error };
}

const requests: Request[] = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
for (const request of requests) console.log(JSON.stringify(await send(request)));
