import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findProgram, type Program } from '../../deploy/local/debian.ts';

/** A monitoring program of this machine, or Debian's, unpacked and not installed. */
export function program(name: string, debianPackage: string): Program {
  const found = findProgram([name], debianPackage);
  if (!found) throw new Error(`${name} is needed: apt-get install ${debianPackage}`);
  return found;
}

/** Runs a program to its end and answers what it printed. A failure is an Error with that as its message. */
export function run({ command, env }: Program, ...args: string[]): string {
  try {
    return execFileSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
  }
}

/**
 * The promtool of Debian's next release. This release's is built without the discovery of Kubernetes and knows no `scrape_config_files`; the program itself
 * needs nothing of its release.
 */
export function newerPromtool(): Program {
  const root = resolve('data/debian/promtool-trixie');
  const command = `${root}/usr/bin/promtool`;
  if (!existsSync(command)) {
    const work = `${root}.partial`;
    for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(`${work}/${folder}`, { recursive: true });
    const options = [
      ...[
        `Dir::Etc::sourcelist=${work}/sources.list`,
        'Dir::Etc::sourceparts=/dev/null',
        `Dir::State::lists=${work}/lists`,
      ],
      ...[`Dir::Cache=${work}`, 'Debug::NoLocking=1', 'APT::Sandbox::User='],
    ].flatMap((option) => ['-o', option]);
    const source = execFileSync('apt-cache', ['policy', 'prometheus'], { encoding: 'utf8' });
    const [mirror] = /https?:\S+/.exec(source) ?? [];
    const key = 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg';
    writeFileSync(`${work}/sources.list`, `deb [${key}] ${mirror} trixie main\n`);
    for (const args of [['update'], ['download', 'promtool']]) {
      execFileSync('apt-get', [...options, '-qq', ...args], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
    }
    const [archive = ''] = readdirSync(work).filter((file) => file.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', `${work}/${archive}`, root]);
    rmSync(work, { recursive: true });
  }
  return { command, env: process.env };
}
