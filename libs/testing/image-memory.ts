import { readFileSync } from 'node:fs';
import type { ServiceProcess } from './service-process.ts';

/**
 * A container of this image may take 128 MiB; 32 of them are left to the kernel, for its sockets,
 * and to the code that runs.
 */
export const MEMORY_LIMIT_MIB = 96;

/** The memory settings of the image, so that a test runs a process as production does. */
export function imageMemorySettings(): NodeJS.ProcessEnv {
  const [, line] =
    /^ENV (NODE_OPTIONS=(?:.*\\\n)*.*)$/m.exec(readFileSync('deploy/images/Dockerfile', 'utf8')) ??
    [];
  if (line === undefined) throw new Error('the Dockerfile sets no NODE_OPTIONS');
  return Object.fromEntries(
    Array.from(line.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g), ([, name, quoted, bare]) => [
      name,
      quoted ?? bare,
    ]),
  );
}

/**
 * The most memory of its own that a process ever had; undefined when it has ended. Pages of files,
 * such as the 58 MiB of Node's code, are not counted: the kernel drops them when memory is short,
 * before it kills a process of the container.
 */
export function peakMemoryMib({ process: child }: ServiceProcess): number | undefined {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return (kib('VmHWM') - kib('RssFile')) / 1024;
}
