import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A program and the environment to run it in. */
export interface Program {
  command: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Finds a program on this machine, or fetches the Debian package of the program with its
 * dependencies and unpacks them below `data/`: nothing is installed, no root is needed, and no
 * system service starts.
 * @param names what the program may be called
 * @returns undefined when the program is neither here nor in Debian
 */
export function findProgram(
  names: readonly string[],
  debianPackage: string,
  log: (line: string) => void = () => {},
): Program | undefined {
  for (const name of names) {
    if (runs({ command: name, env: process.env })) return { command: name, env: process.env };
  }
  const root = resolve('data/debian', debianPackage);
  if (!existsSync(root)) {
    log(`No ${names[0]} on this machine: fetching Debian's into data/ ...`);
    fetchPackage(debianPackage, root);
  }
  return names.map((name) => unpacked(root, name)).find(runs);
}

/**
 * Fetches a package of Debian's next release and unpacks it below `data/` with all that it needs,
 * the C library included, so that it runs on an older system.
 * @returns folder of launchers, one for each program
 * @throws Error when Debian does not have it
 */
export function fetchUnreleased(debianPackage: string): string {
  const root = resolve('data/debian', `sid-${debianPackage}`);
  const launchers = join(root, 'launchers');
  if (existsSync(launchers)) return launchers;
  fetchPackage(debianPackage, root, 'sid');
  const [loader] = globSync('usr/lib/*/ld-linux-*.so.*', { cwd: root });
  if (!loader) throw new Error(`Debian could not provide ${debianPackage}.`);
  mkdirSync(launchers);
  for (const name of readdirSync(join(root, 'usr/bin'))) {
    const libraries = join(root, dirname(loader));
    const start = [
      join(root, loader),
      '--library-path',
      libraries,
      '--argv0',
      name,
      join(root, 'usr/bin', name),
    ];
    const script = `#!/bin/sh\nexec ${start.map((word) => `'${word}'`).join(' ')} "$@"\n`;
    writeFileSync(join(launchers, name), script, { mode: 0o755 });
  }
  return launchers;
}

function runs({ command, env }: Program): boolean {
  try {
    execFileSync(command, ['--version'], { env, stdio: 'ignore' });
    return true;
  } catch (error) {
    // The program exists, but does not know the option.
    return (
      error instanceof Error &&
      'status' in error &&
      typeof error.status === 'number' &&
      error.status !== 127
    );
  }
}

function unpacked(root: string, name: string): Program {
  const libraries = join(root, 'usr/lib');
  const folders = existsSync(libraries)
    ? readdirSync(libraries).map((triplet) => join(libraries, triplet))
    : [];
  const path = [...folders, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { command: join(root, 'usr/bin', name), env: { ...process.env, LD_LIBRARY_PATH: path } };
}

/**
 * Downloads a package and its missing dependencies with apt, in folders of its own, and unpacks
 * them into `root`, at once; on failure there is no `root`.
 * @param suite of Debian, unless this machine's own; what is installed here then counts as missing
 */
function fetchPackage(debianPackage: string, root: string, suite?: string): void {
  // Of its own, since other processes may fetch the same package at this time.
  const work = `${root}.${process.pid}.partial`;
  const lists = join(work, 'lists');
  const archives = join(work, 'archives');
  const tree = join(work, 'tree');
  rmSync(work, { recursive: true, force: true });
  for (const folder of [join(lists, 'partial'), join(archives, 'partial'), tree])
    mkdirSync(folder, { recursive: true });
  const sources = join(work, 'sources.list');
  const nothing = join(work, 'status');
  writeFileSync(sources, `deb http://deb.debian.org/debian ${suite} main\n`);
  writeFileSync(nothing, '');
  const options = Object.entries({
    ...(suite && {
      'Dir::Etc::sourcelist': sources,
      'Dir::Etc::sourceparts': '-',
      'Dir::State::status': nothing,
    }),
    'Dir::State::lists': lists,
    'Dir::Cache::archives': archives,
    'Dir::Cache::pkgcache': join(work, 'pkgcache.bin'),
    'Dir::Cache::srcpkgcache': join(work, 'srcpkgcache.bin'),
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': '',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  try {
    const apt = (...command: string[]) =>
      execFileSync('apt-get', [...options, '-qq', '-y', ...command], { stdio: 'ignore' });
    apt('update');
    apt('--download-only', '--no-install-recommends', 'install', debianPackage);
    for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', join(archives, file), tree]);
    }
    renameSync(tree, root);
  } catch {
    // Another process was quicker, or the caller says what is missing and how to get it.
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
