import type { Redis } from 'ioredis';

/** Looks in a row at which a connection has been silent before it is given up. */
const LOOKS = 4;

/**
 * Gives up a connection of a client on which no byte comes although commands wait for an answer, with all that waits on
 * it: one timer for all of them. The client then connects again.
 *
 * The client's own `socketTimeout` measures by the clock. A process that gets no CPU for so long then takes its own
 * pause for Redis' silence and gives up a connection whose answers lie ready to be read. Here the process looks several
 * times, and between two looks it reads whatever has come.
 * The client tells of the first silent look by the event `silent`.
 * @param patienceMs how long Redis may be silent, in milliseconds
 */
export function giveUpSilent(client: Redis, patienceMs: number): void {
  client.on('connect', () => {
    const { stream } = client;
    let heard = stream.bytesRead;
    let silent = 0;
    const watch = setInterval(() => {
      silent = client.commandQueue.length > 0 && stream.bytesRead === heard ? silent + 1 : 0;
      heard = stream.bytesRead;
      if (silent === 1) client.emit('silent');
      if (silent === LOOKS) stream.destroy(new Error(`No answer within ${patienceMs} ms`));
    }, patienceMs / LOOKS);
    stream.once('close', () => clearInterval(watch));
  });
}
