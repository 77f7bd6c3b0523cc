import type { Redis } from 'ioredis';

/** Silent checks in a row after which a connection is given up. */
const MAX_SILENT_CHECKS = 4;

/**
 * Gives up a connection on which no byte comes although commands wait for an answer; one timer
 * rejects all of them. The client then connects again, and emits `silent` at the first silent
 * check.
 *
 * The client's own `socketTimeout` measures by the clock: a process that got no CPU takes its own
 * pause for Redis' silence, and gives up a connection whose answers are ready to be read. Here the
 * process checks several times, and reads whatever has come between two checks.
 * @param maxSilenceMs how long Redis may be silent
 */
export function giveUpSilent(client: Redis, maxSilenceMs: number): void {
  client.on('connect', () => {
    const { stream } = client;
    let heard = stream.bytesRead;
    let silent = 0;
    const watch = setInterval(() => {
      silent = client.commandQueue.length > 0 && stream.bytesRead === heard ? silent + 1 : 0;
      heard = stream.bytesRead;
      if (silent === 1) client.emit('silent');
      if (silent === MAX_SILENT_CHECKS)
        stream.destroy(new Error(`No answer within ${maxSilenceMs} ms`));
    }, maxSilenceMs / MAX_SILENT_CHECKS);
    stream.once('close', () => clearInterval(watch));
  });
}
