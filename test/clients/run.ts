/**
 * `npm run test:drills -- clients [LANGUAGE...]`: lints the OpenAPI documents, makes clients of
 * them, compiles these, and lets them make every call of trials.ts to the built services. The
 * languages are typescript, by openapi-typescript, and python, go and java, by OpenAPI Generator;
 * all of them by default. What is made stays below data/clients, to be looked at.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDocuments } from './document.ts';
import { ClientPlatform, makeFixtures } from './fixtures.ts';
import { folderOf, generate, LANGUAGES, type LanguageName } from './languages.ts';
import { lint } from './lint.ts';
import { exchangesOf } from './requests.ts';
import { differences, undocumentedFields } from './verify.ts';

const known = Object.keys(LANGUAGES) as LanguageName[];
const names = process.argv.slice(2);
const languages = names.length > 0 ? known.filter((name) => names.includes(name)) : known;
if (languages.length < names.length) throw new Error(`Which languages: ${known.join(', ')}?`);

const documents = readDocuments();
let start = performance.now();
try {
  const tools = execFileSync('test/clients/tools.sh', languages, { encoding: 'utf8' }).trim();
  report('the tools are there');
  await lint(join(tools, 'npm/node_modules'));
  report('Spectral and Redocly find nothing');
  for (const name of known) rmSync(folderOf(name), { recursive: true, force: true });
  generate(languages, tools);
  report('the clients are made');
  for (const name of languages) {
    LANGUAGES[name].build(folderOf(name), tools);
    report(`the clients in ${name} compile`);
  }
  await tryLanguages(tools);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function tryLanguages(tools: string): Promise<void> {
  const platform = new ClientPlatform();
  await platform.start();
  try {
    for (const name of languages) {
      const count = await tryAll(platform, name, tools);
      report(`the clients in ${name} make ${count} calls, half of which fail as they should`);
    }
  } finally {
    await platform.stop();
  }
}

/**
 * Lets the clients of a language call every operation.
 * @throws Error with what is wrong with the answers
 */
async function tryAll(
  platform: ClientPlatform,
  name: LanguageName,
  tools: string,
): Promise<number> {
  const fixtures = await makeFixtures(platform, name);
  const exchanges = [...documents].flatMap(([service, document]) =>
    exchangesOf(service, document, platform.url(service), fixtures),
  );
  const file = join(folderOf(name), 'requests.json');
  writeFileSync(file, JSON.stringify(exchanges.map(({ request }) => request)));
  const [program, ...args] = LANGUAGES[name].command(folderOf(name), tools);
  const output = execFileSync(program, [...args, file], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const answers = output.trim().split('\n');
  const wrong = exchanges.flatMap(({ request, expected }, i) => {
    const { status, body } = JSON.parse(answers[i] ?? '{}');
    const { service, method, path, operation: id } = request;
    const document = documents.get(service);
    const { content = {} } = document?.paths[path]?.[method]?.responses[status] ?? {};
    const [schema] = Object.values(content).map((media) => media.schema);
    return [
      ...(status === expected.status ? [] : [`the status is ${status}, not ${expected.status}`]),
      ...differences(body, expected.answer),
      // The other clients leave out what they do not know.
      ...(name === 'typescript' && document ? undocumentedFields(body, schema, document) : []),
    ].map((difference) => `${name}: ${id} of ${service}: ${difference}`);
  });
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return exchanges.length;
}

/** Prints what was done, and how long it took. */
function report(done: string): void {
  console.log(`ok      ${done} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  start = performance.now();
}
