import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Java and Python for the rivals, with their libraries, which are fetched once into `cache`. */
export class Programs {
  readonly #cache: string;

  constructor(cache: string) {
    this.#cache = cache;
  }

  /**
   * The `java` of the newest Java that is installed.
   * @throws Error: there is none of that version or a later one
   */
  java(oldest: number): string {
    const found = ['java', ...globSync('/usr/lib/jvm/*/bin/java')]
      .map((program) => ({ program, version: javaVersion(program) }))
      .sort((a, b) => b.version - a.version)[0];
    if (!found || found.version < oldest) throw new Error(`no Java ${oldest} or later`);
    return found.program;
  }

  /**
   * A class path of Maven artifacts, written `group:artifact:version`, and of what they need.
   * @throws Error: no Maven, or it cannot fetch them
   */
  classPath(name: string, artifacts: readonly string[]): string {
    const folder = this.#fetch(name, (partial) => {
      const dependencies = artifacts.map((artifact) => {
        const [group, id, version] = artifact.split(':');
        return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></dependency>`;
      });
      writeFileSync(
        join(partial, 'pom.xml'),
        `<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>${name}</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
      );
      const args = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=.'];
      run('mvn', args, partial);
    });
    return join(folder, '*');
  }

  /**
   * A `python` of its own that has these packages.
   * @throws Error: no Python, or it cannot fetch them
   */
  python(name: string, packages: readonly string[]): string {
    // A virtual environment cannot be moved, so that it is marked as done.
    const folder = join(this.#cache, name);
    const done = join(folder, 'done');
    if (!existsSync(done)) {
      rmSync(folder, { recursive: true, force: true });
      run('python3', ['-m', 'venv', folder]);
      run(join(folder, 'bin/pip'), ['install', '-q', ...packages]);
      writeFileSync(done, '');
    }
    return join(folder, 'bin/python');
  }

  #fetch(name: string, fill: (partial: string) => void): string {
    const folder = join(this.#cache, name);
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    fill(partial);
    renameSync(partial, folder);
    return folder;
  }
}

/** 0 when it does not run. */
function javaVersion(program: string): number {
  try {
    return Number(/^\w+ (\d+)/.exec(execFileSync(program, ['--version']).toString())?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** @throws Error that says in one line what failed */
function run(program: string, args: string[], cwd?: string): void {
  try {
    execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(`${program} failed: ${String(error).split('\n')[0]}`);
  }
}
