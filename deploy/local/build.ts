/** `npm run build`: bundles every app, and prints one line, or what is wrong. */
import { type ChildProcess, spawn } from 'node:child_process';

const NEST = 'node_modules/@nestjs/cli/bin/nest.js';

/** The bundler sends this after it has bundled an app (apps/rspack.config.js). */
export interface BundleReport {
  app: string;
  /** What is wrong with the sources; without it there is a new bundle. */
  errors?: string;
}

/** Starts the bundler for every app. */
export function startBuild(): ChildProcess {
  return spawn(process.execPath, [NEST, 'build', '--all'], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Starts the bundler for every app. It goes on, bundles an app again when one of its sources
 * changes, and sends a {@link BundleReport} each time.
 */
export function startWatch(): ChildProcess {
  return spawn(process.execPath, [NEST, 'build', '--all', '--watch'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/**
 * Waits for the end of a build, and prints on one line how long it took.
 * @throws Error with the whole output of the bundler
 */
export async function finish(build: ChildProcess): Promise<void> {
  const start = performance.now();
  let output = '';
  for (const stream of [build.stdout, build.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  process.stdout.write('Building ... ');
  const code = await new Promise((done) => build.once('close', done));
  if (code !== 0) throw new Error(`\n${output}`);
  console.log(`built in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
}

if (import.meta.main) {
  try {
    await finish(startBuild());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
