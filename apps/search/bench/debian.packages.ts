import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder with the files of Debian packages where dpkg lays them out. They are fetched once,
 * without root, into `cache`.
 * @param finish works on the files once, before the folder counts as complete
 */
export function debianFiles(
  cache: string,
  packages: readonly string[],
  finish: (folder: string) => void = () => {},
): string {
  const root = join(cache, packages.join('+'));
  if (existsSync(root)) return root;
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  execFileSync('apt-get', ['download', '-q', ...packages], {
    cwd: partial,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for (const deb of globSync(join(partial, '*.deb'))) {
    execFileSync('dpkg', ['-x', deb, partial]);
    rmSync(deb);
  }
  finish(partial);
  renameSync(partial, root);
  return root;
}
