import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SERVICES, type ServiceName } from '#libs/config/services.ts';
import { documentPath } from './document.ts';

/** How clients of a language are made of the documents, compiled and run. */
interface Language {
  /** Options of OpenAPI Generator for the client of a service; without it, `build` generates. */
  generator?: (service: ServiceName) => { generatorName: string } & Record<string, unknown>;
  /** Compiles, in the folder that has the program and the clients. */
  build(folder: string, tools: string): void;
  /** The program, which takes the path of a file of requests. */
  command(folder: string, tools: string): [program: string, ...args: string[]];
}

const NAMES = SERVICES.map(({ name }) => name);

/** The languages, with the folders of their programs here. */
export const LANGUAGES = {
  typescript: {
    build(folder, tools) {
      const modules = join(tools, 'npm/node_modules');
      symlinkSync(modules, join(folder, 'node_modules'));
      cpSync('test/clients/trials.ts', join(folder, 'trials.ts'));
      const generator = join(modules, 'openapi-typescript/bin/cli.js');
      for (const name of NAMES)
        run(process.execPath, [generator, documentPath(name), '--output', `${folder}/${name}.ts`]);
      run(process.execPath, [join(modules, 'typescript/bin/tsc'), '--project', folder]);
    },
    command: (folder) => [process.execPath, join(folder, 'client.ts')],
  },
  python: {
    generator: (service) => ({
      generatorName: 'python',
      additionalProperties: { packageName: `${service}_client` },
    }),
    build(folder, tools) {
      run(join(tools, 'python/bin/python'), ['-W', 'error', '-m', 'compileall', '-q', folder]);
    },
    command: (folder, tools) => [join(tools, 'python/bin/python'), join(folder, 'client.py')],
  },
  go: {
    generator: (service) => ({
      generatorName: 'go',
      additionalProperties: { packageName: service, withGoMod: false },
    }),
    build(folder) {
      run('go', ['build', '-buildvcs=false', '-o', 'client', '.'], folder);
    },
    command: (folder) => [join(folder, 'client')],
  },
  java: {
    generator: (service) => ({
      generatorName: 'java',
      additionalProperties: {
        library: 'okhttp-gson',
        invokerPackage: `${service}.client`,
        apiPackage: `${service}.api`,
        modelPackage: `${service}.model`,
        useJakartaEe: true,
        openApiNullable: false,
        annotationLibrary: 'none',
        documentationProvider: 'none',
      },
    }),
    build(folder, tools) {
      const sources = globSync(['Client.java', '*/src/main/java/**/*.java'], { cwd: folder });
      // Client.java looks for parameters by their names.
      const options = ['-parameters', '-nowarn', '-d', 'classes', '-cp', classPath(tools)];
      run('javac', [...options, ...sources], folder);
    },
    command: (folder, tools) => [
      'java',
      ...['-cp', `${join(folder, 'classes')}:${classPath(tools)}`, 'Client'],
    ],
  },
} as const satisfies Record<string, Language>;

/** The name of a language. */
export type LanguageName = keyof typeof LANGUAGES;

/** Folder of what is made for a language. */
export const folderOf = (name: LanguageName) => resolve('data/clients', name);

/** Makes clients of all documents for these languages, beside copies of the programs here. */
export function generate(names: readonly LanguageName[], tools: string): void {
  const configurations = names.flatMap((name) => {
    cpSync(join('test/clients', name), folderOf(name), { recursive: true });
    const { generator }: Language = LANGUAGES[name];
    if (!generator) return [];
    return NAMES.map((service) => {
      const outputDir = join(folderOf(name), service);
      mkdirSync(outputDir);
      const configuration = join(outputDir, 'configuration.json');
      const inputSpec = resolve(documentPath(service));
      writeFileSync(
        configuration,
        JSON.stringify({ inputSpec, outputDir, ...generator(service) }, null, 2),
      );
      return configuration;
    });
  });
  if (configurations.length === 0) return;
  const [generator = ''] = globSync(join(tools, 'jars/openapi-generator-cli-*.jar'));
  run('java', ['-jar', generator, 'batch', '--fail-fast', ...configurations]);
}

function classPath(tools: string): string {
  return globSync(join(tools, 'jars/*.jar'))
    .filter((jar) => !jar.includes('openapi-generator'))
    .join(':');
}

/** @throws Error with all that the program has printed, when it fails */
function run(program: string, args: readonly string[], cwd?: string): void {
  try {
    execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args[0]} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
