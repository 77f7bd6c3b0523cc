import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig } from '#libs/config/config.ts';
import { QuotesRepository } from '#libs/quotes/quotes.repository.ts';
import { RedisService, RedisUnavailableError } from '#libs/redis/redis.service.ts';
import { UsersRepository } from '#libs/users/users.repository.ts';
import {
  cutLine,
  ImportProgress,
  printable,
  rehearsalLine,
  summaryLine,
} from './import.progress.ts';
import { type Observers, patiently, rehearseImport, runImport } from './import.runner.ts';
import { inspectSources, type Source, SourceError, type SourceOptions } from './import.source.ts';
import {
  type ImportKind,
  type ImportTarget,
  keptQuoteRows,
  keptQuotesTarget,
  quoteRows,
  quotesTarget,
  userRows,
  usersTarget,
} from './import.target.ts';
import { RejectFile } from './reject.file.ts';
import { FORMAT_NAMES, type FormatName } from './row.reader.ts';

/** Status of the process; 0 says that every row is in Redis. */
const STATUS = { refused: 1, failed: 2, interrupted: 130 } as const;

/** A slow answer is better than a row that is sent twice, since that row counts as known. */
const MAX_SILENCE_MS = 5000;

/** So many rows of each file are shown when nothing is written. */
const SHOWN_ROWS = 5;

const USAGE = `Usage: npm run import -- quotes [OPTION...] FILE...
       npm run import -- users [OPTION...] FILE...

  quotes FILE  JSON, JSON Lines, CSV of any delimiter, blocks between lines of % or ---, one
               quote a line; also packed with gzip. What it is, is told by its content.
  users FILE   JSON, JSON Lines or CSV with id, name, password
  A folder stands for its files, - for standard input.

  --dry-run            show the first rows as they would be, and what would be refused
  --map FIELD=COLUMN   read a field (quote, author, source, lang, tags, user_id) from this column,
                       or from none (--map lang=); by number, if the columns have no names
  --attribution        take authors from the ends of texts: -- Name, "Work" or (Name). Without it,
                       that is done if the file plainly has them; --no-attribution: never
  --format FORMAT      do not guess: ${FORMAT_NAMES.join(', ')}
  --keep-ids           quotes keep the ids and times that they have in the file, an export of a
                       platform (GET /quotes/export); import its users first
  --rejects FILE       write refused rows to this file, to mend them and import it

May be repeated: what is there already is not added again. docs/import.md tells more.
Redis is named by REDIS_HOST, REDIS_PORT...
Status: 0 all rows are in, 1 some were refused or files skipped, 2 nothing could be done or Redis
        went away, 130 interrupted.
`;

/** What can be imported: `kept` are quotes that keep their ids. */
const ROWS = { quotes: quoteRows, kept: keptQuoteRows, users: userRows } as const;

interface Request {
  kind: keyof typeof ROWS;
  paths: string[];
  isRehearsal: boolean;
  rejects: string | undefined;
  options: SourceOptions;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const request = parseRequest(args);
  if (typeof request === 'string') {
    (request === USAGE ? process.stdout : process.stderr).write(request);
    return request === USAGE ? 0 : STATUS.failed;
  }
  try {
    return await (request.isRehearsal ? rehearse(request) : importIntoRedis(request));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    process.stderr.write(`${printable(error.message)}\n`);
    return STATUS.failed;
  }
}

function rehearse(request: Request): Promise<number> {
  switch (request.kind) {
    case 'quotes':
      return importFiles(request, quoteRows, rehearsalOf(quoteRows));
    case 'kept':
      return importFiles(request, keptQuoteRows, rehearsalOf(keptQuoteRows));
    case 'users':
      return importFiles(request, userRows, rehearsalOf(userRows));
  }
}

async function importIntoRedis(request: Request): Promise<number> {
  const config = loadConfig('import', { adminKey: false }, STATUS.failed);
  const redis = new RedisService(config, MAX_SILENCE_MS);
  try {
    const quotes = new QuotesRepository(redis, config);
    switch (request.kind) {
      case 'quotes':
        return await importFiles(request, quoteRows, importOf(quotesTarget(quotes), redis));
      case 'kept':
        return await importFiles(request, keptQuoteRows, importOf(keptQuotesTarget(quotes), redis));
      case 'users': {
        const target = usersTarget(new UsersRepository(redis, quotes), config.PASSWORD_MIN_LENGTH);
        return await importFiles(request, userRows, importOf(target, redis));
      }
    }
  } finally {
    redis.onApplicationShutdown();
  }
}

/** What to import, or the text to print instead. */
function parseRequest(args: string[]): Request | string {
  try {
    const options = {
      help: { type: 'boolean', short: 'h' },
      'dry-run': { type: 'boolean' },
      map: { type: 'string', multiple: true },
      attribution: { type: 'boolean' },
      format: { type: 'string' },
      'keep-ids': { type: 'boolean' },
      rejects: { type: 'string' },
    } as const;
    const { values, positionals } = parseArgs({
      args,
      options,
      allowPositionals: true,
      allowNegative: true,
    });
    if (values.help) return USAGE;
    const [what, ...paths] = positionals;
    if (what !== 'quotes' && what !== 'users')
      throw new Error('Say what to import: quotes or users');
    if (paths.length === 0) throw new Error('Name at least one file');
    const keepsIds = values['keep-ids'] ?? false;
    if (keepsIds && what === 'users') throw new Error('--keep-ids is for quotes');
    if (keepsIds && values.attribution)
      throw new Error('--keep-ids takes quotes as they are, without --attribution');
    const kind = keepsIds ? 'kept' : what;
    const { columns } = ROWS[kind];
    return {
      kind,
      paths,
      isRehearsal: values['dry-run'] ?? false,
      rejects: values.rejects,
      options: {
        format: formatNamed(values.format),
        map: parseMap(values.map ?? [], columns),
        attribution: keepsIds ? false : values.attribution,
      },
    };
  } catch (error) {
    return `${printable(error instanceof Error ? error.message : String(error))}\n\n${USAGE}`;
  }
}

function formatNamed(name: string | undefined): FormatName | undefined {
  const format = FORMAT_NAMES.find((known) => known === name);
  if (name !== undefined && !format)
    throw new Error(`--format must be one of ${FORMAT_NAMES.join(', ')}`);
  return format;
}

function parseMap(pairs: readonly string[], columns: ImportKind<unknown>['columns']) {
  return new Map(
    pairs.map((pair) => {
      const [, field, column = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
      if (!columns.some((known) => known.field === field) || field === undefined)
        throw new Error(
          `--map must be FIELD=COLUMN with one of ${columns.map((known) => known.field).join(', ')}`,
        );
      return [field, column] as const;
    }),
  );
}

/** What is done with files that were inspected, and the line that sums it up. */
interface Run {
  start(sources: readonly Source[], observers: Observers, signal: AbortSignal): Promise<void>;
  summary: typeof summaryLine;
  /** Why the import ended. */
  describe(failure: Error): string;
}

function importOf<T>(target: ImportTarget<T>, redis: RedisService): Run {
  return {
    start: async (sources, observers, signal) => {
      await patiently(() => connect(redis), signal).catch((error: unknown) => {
        // An interrupted import ends with its summary.
        if (!signal.aborted) throw error;
      });
      await runImport(sources, target, observers, signal);
    },
    summary: summaryLine,
    // For Redis, this is the line that a service would log.
    describe: (failure) =>
      (failure instanceof RedisUnavailableError && redis.availability.problem) || failure.message,
  };
}

/**
 * Connects to every master of a cluster. Otherwise some of them would take their part of the first
 * rows while the others refuse theirs, and what is repeated counts as known.
 */
async function connect(redis: RedisService): Promise<void> {
  if (!(await redis.answers())) throw new RedisUnavailableError('ping', 'no connection yet');
}

function rehearsalOf<T>(kind: ImportKind<T>): Run {
  // Neither nothing nor an empty list of tags says anything.
  const isSaid = ([, value]: [string, unknown]) => String(value ?? '') !== '';
  const hide = ([key, value]: [string, unknown]) => [key, key === 'password' ? '…' : value];
  const show = (value: T) => {
    const shown = Object.fromEntries(Object.entries(Object(value)).filter(isSaid).map(hide));
    process.stdout.write(`${printable(JSON.stringify(shown))}\n`);
  };
  return {
    start: (sources, observers, signal) =>
      rehearseImport(sources, kind, observers, signal, { count: SHOWN_ROWS, show }),
    summary: rehearsalLine,
    describe: ({ message }) => message,
  };
}

async function importFiles(request: Request, kind: ImportKind<unknown>, run: Run): Promise<number> {
  const { sources, notes } = await inspectSources(request.paths, kind, request.options);
  const rejects = openRejects(request, sources, kind);
  const interruption = new AbortController();
  // A signal is handled once: a second one ends the process as signals do.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interruption.abort());
  // Whoever reads the output may have seen enough of it, as `head` has: an import still goes on.
  process.stdout.on('error', () => request.isRehearsal && process.exit());
  const sizes = sources.map(({ size }) => size);
  const progress = new ImportProgress(
    process.stderr,
    sizes.reduce<number | undefined>(
      (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    ),
  );
  for (const line of [...notes, ...sources.map(({ description }) => description)])
    progress.print(line);
  let failure: Error | undefined;
  try {
    await run.start(sources, { progress, rejects }, interruption.signal);
  } catch (error) {
    if (!(error instanceof RedisUnavailableError || error instanceof SourceError)) throw error;
    failure = error;
  } finally {
    rejects?.close();
  }
  const tally = progress.finish();
  for (const line of [run.summary(tally), cutLine(tally) ?? []].flat())
    process.stdout.write(`${line}\n`);
  if (failure) {
    const reason = run.describe(failure);
    process.stderr.write(`${printable(`Import stopped: ${reason}. Run it again to go on.`)}\n`);
    return STATUS.failed;
  }
  if (interruption.signal.aborted) {
    process.stderr.write(`Interrupted.${request.isRehearsal ? '' : ' Run it again to go on.'}\n`);
    return STATUS.interrupted;
  }
  return tally.refused > 0 || notes.length > 0 ? STATUS.refused : 0;
}

function openRejects(
  { rejects: path }: Request,
  sources: readonly Source[],
  { isSecret }: ImportKind<unknown>,
): RejectFile | undefined {
  if (path === undefined) return undefined;
  const real = realPathOf(path);
  if (real && sources.some((source) => realPathOf(source.path) === real))
    throw new SourceError(`${path}: is imported, so that rejected rows cannot go there`);
  return new RejectFile(path, isSecret);
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
