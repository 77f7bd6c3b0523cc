import { parseArgs } from 'node:util';
import { loadConfig } from '#libs/config/config.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { RedisService, RedisUnavailableError } from '#libs/redis/redis.service.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import { ImportProgress, printable, summaryLine } from './import.progress.ts';
import { runImport } from './import.runner.ts';
import { inspectSources, SourceError } from './import.source.ts';
import { type ImportTarget, quotesTarget, usersTarget } from './import.target.ts';

/** Status of the process; 0 says that every row is in Redis. */
const STATUS = { refused: 1, failed: 2, interrupted: 130 } as const;

/** A slow answer is better than a row that is sent twice, since that row counts as known. */
const MAX_SILENCE_MS = 5000;

const USAGE = `Usage: npm run import -- quotes FILE...
       npm run import -- users FILE...

  FILE.csv     quotes: header quote[,author][,source][,lang][,tags][,user_id], with commas
               between tags; users: header id,name,password
  FILE.jsonl   (or .ndjson, .json) one such object a line
  other FILE   quotes only: a fortune file, with % on a line of its own between quotes

May be repeated: what is there already is not added again.
Redis is named by REDIS_HOST, REDIS_PORT...
Status: 0 all rows are in, 1 some were refused, 2 nothing could be done or Redis went away,
        130 interrupted.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const request = parseRequest(args);
  if (typeof request === 'string') {
    (request === USAGE ? process.stdout : process.stderr).write(request);
    return request === USAGE ? 0 : STATUS.failed;
  }
  const config = loadConfig('import', { adminKey: false }, STATUS.failed);
  const redis = new RedisService(config, MAX_SILENCE_MS);
  try {
    const quotes = new QuotesRepository(redis, config);
    return request.kind === 'quotes'
      ? await importFiles(quotesTarget(quotes), request.paths, redis)
      : await importFiles(
          usersTarget(new UsersRepository(redis, quotes), config.PASSWORD_MIN_LENGTH),
          request.paths,
          redis,
        );
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    process.stderr.write(`${printable(error.message)}\n`);
    return STATUS.failed;
  } finally {
    redis.onApplicationShutdown();
  }
}

/** What to import, or the text to print instead. */
function parseRequest(args: string[]): { kind: 'quotes' | 'users'; paths: string[] } | string {
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values.help) return USAGE;
    const [kind, ...paths] = positionals;
    if (kind !== 'quotes' && kind !== 'users')
      throw new Error('Say what to import: quotes or users');
    if (paths.length === 0) throw new Error('Name at least one file');
    if (paths.includes('-')) throw new Error('Standard input is not read: name a file');
    return { kind, paths };
  } catch (error) {
    return `${printable(error instanceof Error ? error.message : String(error))}\n\n${USAGE}`;
  }
}

async function importFiles<T>(
  target: ImportTarget<T>,
  paths: string[],
  redis: RedisService,
): Promise<number> {
  const sources = await inspectSources(paths, target);
  const interruption = new AbortController();
  // A signal is handled once: a second one ends the process as signals do.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interruption.abort());
  const progress = new ImportProgress(
    process.stderr,
    sources.reduce((sum, { size }) => sum + size, 0),
  );
  let failure: Error | undefined;
  try {
    await runImport(sources, target, progress, interruption.signal);
  } catch (error) {
    if (!(error instanceof RedisUnavailableError || error instanceof SourceError)) throw error;
    failure = error;
  }
  const tally = progress.finish();
  process.stdout.write(`${summaryLine(tally)}\n`);
  if (failure) {
    process.stderr.write(
      `${printable(`Import stopped: ${describe(failure, redis)}. Run it again to go on.`)}\n`,
    );
    return STATUS.failed;
  }
  if (interruption.signal.aborted) return STATUS.interrupted;
  return tally.refused > 0 ? STATUS.refused : 0;
}

/** Why the import ended; for Redis, the line that a service would log. */
function describe(failure: Error, { availability }: RedisService): string {
  return (failure instanceof RedisUnavailableError && availability.problem) || failure.message;
}
