/**
 * Holds the documents against the code: docs/openapi/*.json against what each built service serves
 * and what clients need of it, the tables of README.md and docs/errors.md against the configuration
 * schema, the OpenAPI documents and the catalogue of problems, the rules of Redis' users against
 * the keys and scripts of the features, and the commands of CONTRIBUTING.md against the scripts of
 * package.json.
 * `--write` brings up to date what can be derived. Without it, lines that are too wide and bundles
 * with characters beyond Latin-1 fail as well.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { redisRules } from '#deploy/redis-rules.ts';
import { environmentSchema } from '#libs/config/config.schema.ts';
import { SERVICES, type ServiceName } from '#libs/config/services.ts';
import { PROBLEMS, problemType } from '#libs/problem/problem.catalogue.ts';
import { freePort } from '#libs/testing/redis-server.ts';
import { documentPath, type OpenApi, operationsOf } from '#test/clients/document.ts';
import { wideCharacters } from './bundles.ts';
import { wideLines } from './columns.ts';
import { openApiGaps } from './openapi.ts';

const write = process.argv.includes('--write');
const stale: string[] = [];

const documents = new Map<ServiceName, OpenApi>(
  await Promise.all(SERVICES.map(async ({ name }) => [name, await openApiOf(name)] as const)),
);
for (const [service, document] of documents)
  hold(documentPath(service), `${JSON.stringify(document, null, 2)}\n`);
holdTable('README.md', 'configuration', configurationTable());
holdTable('README.md', 'api', apiTable());
holdTable('docs/errors.md', 'errors', errorTable());
hold('libs/redis-acl/redis.rules.json', redisRules());

const gaps = [...unmatchedScripts(), ...openApiGaps(documents)];
for (const line of gaps) console.error(line);
if (gaps.length > 0) process.exit(1);
if (stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}. Run npm run docs and commit the result.`);
  process.exit(1);
}
console.log(write ? 'Documents written.' : 'Documents and code agree.');

const wide = write ? [] : [...wideLines(), ...wideCharacters()];
for (const line of wide) console.error(line);
if (wide.length > 0) process.exit(1);

/** Starts a service without Redis, which its document does not need, and asks for the document. */
async function openApiOf(service: string): Promise<OpenApi> {
  const port = await freePort();
  const child = spawn(process.execPath, [`dist/apps/${service}/main.js`], {
    env: {
      ...process.env,
      APP_PORT: String(port),
      REDIS_PORT: '1',
      ADMIN_KEY: 'only-for-the-documents',
      DEMO_MODE: 'True',
      COOKIE_SECRET: 'only-for-the-documents-and-no-cart',
      STRIPE_WEBHOOK_SECRET: 'only-for-the-documents',
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    for (;;) {
      if (child.exitCode !== null)
        throw new Error(`${service} ended; is it built (npm run build)?`);
      const answer = await fetch(`http://127.0.0.1:${port}/openapi.json`).catch(() => undefined);
      if (answer) return (await answer.json()) as OpenApi;
      await new Promise((done) => setTimeout(done, 50));
    }
  } finally {
    child.kill('SIGKILL');
  }
}

function configurationTable(): string {
  const rows = Object.entries(environmentSchema.shape).flatMap(([name, schema]) => {
    if (!schema.description) return [];
    const fallback = schema.safeParse(undefined).data;
    const shown = Array.isArray(fallback) || fallback === undefined ? 'none' : `\`${fallback}\``;
    return [`| \`${name}\` | ${shown} | ${schema.description} |`];
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function apiTable(): string {
  const rows = [...documents].flatMap(([service, document]) =>
    operationsOf(document).flatMap(({ method, path, operation }) => {
      if (operation.tags?.includes('operations')) return [];
      const schemes = (operation.security ?? []).flatMap((scheme) => Object.keys(scheme));
      const key =
        schemes.length === 0
          ? 'no'
          : schemes.includes('userCredentials')
            ? 'admin key or user'
            : 'admin key';
      // Every operation may be refused for its header.
      const statuses = Object.keys(operation.responses).filter((status) => status !== '431');
      return [
        `| ${service} | \`${method.toUpperCase()} ${path}\` | ${operation.summary} ` +
          `| ${key} | ${statuses.join(', ')} |`,
      ];
    }),
  );
  return ['| service | call | what | needs | answers |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

function errorTable(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([name, { status, title }]) =>
      `| \`${problemType(name as keyof typeof PROBLEMS)}\` | ${status} | ${title} |`,
  );
  return ['| type | status | title |', '|---|---|---|', ...rows].join('\n');
}

/** Scripts that the commands of CONTRIBUTING.md leave out, and commands that are no scripts. */
function unmatchedScripts(): string[] {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  const guide = readFileSync('CONTRIBUTING.md', 'utf8');
  const commands = Array.from(
    guide.matchAll(/^\| `npm (?:run )?([\w:-]+)/gm),
    ([, name = '']) => name,
  );
  const names = Object.keys(scripts);
  return [
    ...names
      .filter((name) => !commands.includes(name))
      .map((name) => `CONTRIBUTING.md has no line of the script ${name}.`),
    ...commands
      .filter((name) => !names.includes(name))
      .map((name) => `package.json has no script ${name}, of which CONTRIBUTING.md has a line.`),
  ];
}

function holdTable(file: string, name: string, table: string): void {
  const text = readFileSync(file, 'utf8');
  const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
  if (!pattern.test(text)) throw new Error(`${file} has no place for the ${name} table`);
  hold(
    file,
    text.replace(pattern, (_, start, end) => `${start}\n${table}\n\n${end}`),
  );
}

function hold(file: string, text: string): void {
  let current = '';
  try {
    current = readFileSync(file, 'utf8');
  } catch {
    // A missing document is an outdated one.
  }
  if (current === text) return;
  if (write) writeFileSync(file, text);
  else stale.push(file);
}
