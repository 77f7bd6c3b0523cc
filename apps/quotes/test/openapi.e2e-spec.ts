import { Validator } from '@seriousme/openapi-schema-validator';
import { call } from '#libs/testing/http-client.ts';
import { Platform } from '#libs/testing/platform.ts';
import type { ServiceProcess } from '#libs/testing/service-process.ts';

const platform = new Platform();
const services = new Map<string, ServiceProcess>();
const apps = ['users', 'quotes', 'search'];

beforeAll(async () => {
  await platform.start();
  await Promise.all(apps.map(async (app) => services.set(app, await platform.service(app))));
});
afterAll(() => platform.stop());

function ask(app: string, path: string) {
  const service = services.get(app);
  if (!service) throw new Error(`${app} does not run`);
  return call(service, `GET ${path}`);
}

/** The contract: every operation, with the statuses that not every operation may answer with. */
const CONTRACT = {
  users: {
    'post /users': [201, 400, 401, 409, 413, 415],
    'get /users': [200, 400, 401],
    'get /users/{id}': [200, 400, 401, 403, 404],
    'patch /users/{id}': [200, 400, 401, 403, 404, 413, 415],
    'delete /users/{id}': [204, 400, 401, 404],
  },
  quotes: {
    'post /quotes': [201, 400, 401, 403, 413, 415, 422],
    'get /quotes': [200, 400],
    'get /quotes/random': [200, 400, 404],
    'get /quotes/sample': [200, 400],
    'get /quotes/today': [200, 400, 404],
    'get /quotes/export': [200, 400],
    'get /quotes/{id}': [200, 400, 404],
    'patch /quotes/{id}': [200, 400, 401, 403, 404, 412, 413, 415, 422],
    'get /quotes/random.txt': [200, 400, 404],
    'get /quotes/random.svg': [200, 400, 404],
    'get /quotes/today.txt': [200, 400, 404],
    'get /quotes/today.svg': [200, 400, 404],
    'get /quotes/feed.atom': [200],
    'get /quotes/{id}.txt': [200, 400, 404],
    'get /quotes/{id}.svg': [200, 400, 404],
    'delete /quotes/{id}': [204, 400, 401, 403, 404],
  },
  search: {
    'get /search': [200, 400],
    'get /search/suggest': [200, 400],
    'get /authors': [200, 400],
    'get /tags': [200, 400],
  },
} as const;
const OPERATIONS = ['get /healthz', 'get /readyz', 'get /version', 'get /metrics'];

/** What a path answers with that is not JSON, by its suffix if it has one. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '/quotes/export': 'application/jsonl',
  txt: 'text/plain',
  svg: 'image/svg+xml',
  atom: 'application/atom+xml',
};

interface Operation {
  summary?: string;
  operationId?: string;
  security?: object[];
  responses: Record<
    string,
    { description?: string; content?: Record<string, { schema?: object }>; headers?: object }
  >;
}

async function operations(app: string): Promise<Map<string, Operation>> {
  const { body } = await ask(app, '/openapi.json');
  const entries = Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  );
  return new Map(entries);
}

describe.each(Object.entries<Record<string, readonly number[]>>(CONTRACT))(
  '/openapi.json of %s',
  (app, contract) => {
    it('is a valid OpenAPI 3 document', async () => {
      const { status, headers, body } = await ask(app, '/openapi.json');

      expect(status).toBe(200);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(body.openapi).toMatch(/^3\./);
      expect(await new Validator().validate(body)).toMatchObject({ valid: true });
    });

    it('has the operations of the contract and no other', async () => {
      const documented = [...(await operations(app)).keys()];
      expect(documented.sort()).toEqual([...Object.keys(contract), ...OPERATIONS].sort());
    });

    it.each(Object.entries(contract))('tells every answer of %s', async (name, statuses) => {
      const operation = (await operations(app)).get(name);
      const responses = operation?.responses ?? {};
      const type = MEDIA_TYPES[name.split(/ |\./).at(-1) ?? ''] ?? 'application/json';

      expect(operation?.summary).toMatch(/\w/);
      expect(Object.keys(responses)).toEqual(
        expect.arrayContaining([...statuses, 429, 431, 503].map(String)),
      );
      expect(operation?.security).toEqual(
        statuses.includes(401) ? expect.arrayContaining([{ adminKey: [] }]) : [],
      );
      for (const [status, response] of Object.entries(responses)) {
        const types = Object.keys(response.content ?? {});
        expect([status, types]).toEqual([
          status,
          status === '204' ? [] : [status < '400' ? type : 'application/problem+json'],
        ]);
        expect(response.headers).toHaveProperty('X-Request-Id');
      }
    });

    it('gives every operation a summary and an id of its own', async () => {
      const all = [...(await operations(app)).values()];
      for (const operation of all) expect(operation.summary).toMatch(/\w/);
      expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
    });

    it('holds no reference to what is not there', async () => {
      const { body } = await ask(app, '/openapi.json');
      const references = [
        ...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g),
      ].map(([, name]) => name);
      expect(references.length).toBeGreaterThan(0);
      expect(Object.keys(body.components.schemas)).toEqual(expect.arrayContaining(references));
    });
  },
);

describe.each(apps)('/docs of %s', (app) => {
  it('serves Swagger UI with all that the page needs, from the service itself', async () => {
    const page = await ask(app, '/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    expect(assets.length).toBeGreaterThanOrEqual(4);

    const types: Record<string, RegExp> = {
      css: /^text\/css/,
      js: /^(text|application)\/javascript/,
      png: /^image\/png/,
    };
    for (const asset of assets) {
      const { pathname, origin } = new URL(asset, 'http://service/docs');
      expect(origin).toBe('http://service');
      const answer = await ask(app, pathname);
      expect([pathname, answer.status]).toEqual([pathname, 200]);
      expect(answer.headers.get('content-type')).toMatch(
        types[pathname.split('.').at(-1) ?? ''] ?? /^$/,
      );
      expect(answer.body.length).toBeGreaterThan(50);
    }
    const script = await ask(app, '/docs/swagger-ui-init.js');
    expect(script.body).toContain("url: '/openapi.json'");
  });
});
