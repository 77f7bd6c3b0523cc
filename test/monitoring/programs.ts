import { execFileSync } from 'node:child_process';
import { findProgram, type Program } from '#libs/testing/debian.ts';

/**
 * Prometheus, promtool, Alertmanager or amtool, as deployed. The first call on a machine builds
 * them, which takes minutes.
 */
export function pinned(name: 'prometheus' | 'promtool' | 'alertmanager' | 'amtool'): Program {
  const tools = execFileSync('test/monitoring/tools.sh', {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { command: `${tools.trim()}/${name}`, env: process.env };
}

/** A program of this machine, or Debian's, unpacked and not installed. */
export function debian(name: string, debianPackage: string): Program {
  const found = findProgram([name], debianPackage);
  if (!found) throw new Error(`${name} is needed: apt-get install ${debianPackage}`);
  return found;
}

/**
 * Runs a program to its end and answers what it printed. A failure is an Error with that as its
 * message.
 */
export function run({ command, env }: Program, ...args: string[]): string {
  try {
    return execFileSync(command, args, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
  }
}
