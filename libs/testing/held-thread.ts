import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServiceProcess } from './service-process.ts';

/** Stops the thread as a debugger does, says so, and lets it go on when this process ends. */
const SCRIPT = `
  my ($ptrace, $thread) = map { $_ + 0 } @ARGV;
  my ($SEIZE, $INTERRUPT, $WALL) = (0x4206, 0x4207, 0x40000000);
  syscall($ptrace, $SEIZE, $thread, 0, 0) == 0 or die "cannot stop a thread: $!\\n";
  syscall($ptrace, $INTERRUPT, $thread, 0, 0);
  waitpid($thread, $WALL);
  $| = 1;
  print "stopped\\n";
  <STDIN>;
`;

/** Number of the system call ptrace(2). */
const PTRACE: Partial<Record<NodeJS.Architecture, number>> = { x64: 101, arm64: 117 };

/**
 * Stops one thread of a service while the others run, as if it were stuck. It needs the right to
 * trace processes, which root has.
 */
export class HeldThread {
  readonly #tracer: ChildProcess;

  private constructor(tracer: ChildProcess) {
    this.#tracer = tracer;
  }

  /** @param name that the service gave the thread */
  static async hold(service: ServiceProcess, name: string): Promise<HeldThread> {
    const threads = `/proc/${service.process.pid}/task`;
    const nameOf = (thread: string) => readFileSync(`${threads}/${thread}/comm`, 'utf8').trim();
    const thread = readdirSync(threads).find((thread) => nameOf(thread) === name);
    if (thread === undefined)
      throw new Error(`no thread "${name}" among ${readdirSync(threads).map(nameOf)}`);
    const tracer = spawn('perl', ['-e', SCRIPT, String(PTRACE[process.arch]), thread], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [said] = await Promise.race([once(tracer.stdout, 'data'), once(tracer, 'exit')]);
    if (String(said) !== 'stopped\n') throw new Error('the thread could not be stopped');
    return new HeldThread(tracer);
  }

  /** Lets the thread go on. */
  async release(): Promise<void> {
    const ended = once(this.#tracer, 'exit');
    this.#tracer.stdin?.end();
    await ended;
  }
}
