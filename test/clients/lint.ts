import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { SERVICES } from '#libs/config/services.ts';
import { documentPath } from './document.ts';

/**
 * Holds the OpenAPI documents against the recommended rules of Spectral and of Redocly CLI.
 * @param modules folder of their packages
 * @throws Error with what a linter has found, be it an error, a warning or a hint
 */
export async function lint(modules: string): Promise<void> {
  const documents = SERVICES.map(({ name }) => documentPath(name));
  const [spectral, redocly] = await Promise.all([
    run(join(modules, '.bin/spectral'), [
      'lint',
      ...['--ruleset', 'test/clients/spectral.yaml', '--fail-severity', 'hint'],
      ...documents,
    ]),
    run(join(modules, '.bin/redocly'), [
      'lint',
      ...['--extends', 'recommended', '--format', 'json'],
      ...documents,
    ]),
  ]);
  if (spectral.status !== 0) throw new Error(`Spectral:\n${spectral.output}`);
  // Its status is 0 also when there are warnings. Of each document it prints an object.
  const reports: { problems: unknown[] }[] = JSON.parse(
    `[${redocly.output.replaceAll('}{', '},{')}]`,
  );
  const isClean = reports.every(({ problems }) => problems.length === 0);
  if (redocly.status !== 0 || reports.length < documents.length || !isClean)
    throw new Error(`Redocly:\n${redocly.output}${redocly.errors}`);
}

async function run(program: string, args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Neither tells anybody that it runs, nor asks whether there is a newer one.
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text) => errors.push(text));
  const status = await new Promise<number | null>((done) => child.once('close', done));
  return { status, output: output.join(''), errors: errors.join('') };
}
