import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config/config.ts';
import { ConcurrencyLimiter } from '#libs/http/concurrency.limiter.ts';
import {
  type ServedRequest,
  ServiceClient,
  UpstreamUnavailable,
} from '#libs/http/service.client.ts';
import { ProblemError } from '#libs/problem/problem.ts';
import {
  type Selection,
  type SelectionPageQuery,
  type SelectionSampleQuery,
  type SelectionTodayQuery,
  selectionSchema,
} from '#libs/quotes/selection.schema.ts';

/** A client has its answer or refusal within the sum of these: a second. */
const MAX_WAIT_MS = 500;
const TIMEOUT_MS = 500;
/** Calls at a time; an answer has 2 KB at most, and takes the search service a millisecond. */
const MAX_CALLS = 16;
/** Nearly all connections may wait; some hundred are left to other requests. */
const MAX_WAITING = 1200;

/** Which quotes match: the search service knows it, and this service reads them. */
@Injectable()
export class SelectionClient {
  private readonly search: ServiceClient;
  private readonly calls = new ConcurrencyLimiter(MAX_CALLS, MAX_WAITING);

  constructor(@Inject(CONFIG) config: Config) {
    this.search = new ServiceClient(config.SEARCH_URL, TIMEOUT_MS);
  }

  /**
   * A page of those that match, newest first.
   * @throws ProblemError search-unavailable; busy; request-timeout when the client has gone
   */
  page(query: SelectionPageQuery, request: Required<ServedRequest>): Promise<Selection> {
    return this.ask('/selection', query, request);
  }

  /**
   * Some of those that match, drawn at random.
   * @throws ProblemError as page()
   */
  sample(query: SelectionSampleQuery, request: Required<ServedRequest>): Promise<Selection> {
    return this.ask('/selection/sample', query, request);
  }

  /**
   * The one of a day among those that match.
   * @throws ProblemError as page()
   */
  today(query: SelectionTodayQuery, request: Required<ServedRequest>): Promise<Selection> {
    return this.ask('/selection/today', query, request);
  }

  private async ask(
    path: string,
    query: SelectionPageQuery | SelectionSampleQuery | SelectionTodayQuery,
    request: Required<ServedRequest>,
  ): Promise<Selection> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) parameters.set(name, String(value));
    const call = () => this.search.get(`${path}?${parameters}`, selectionSchema, request);
    const turn = AbortSignal.any([request.signal, AbortSignal.timeout(MAX_WAIT_MS)]);
    try {
      return await this.calls.run(call, turn);
    } catch (error) {
      if (!(error instanceof UpstreamUnavailable)) throw error;
      const detail = 'Quotes cannot be selected just now; they can be read by id and listed';
      throw new ProblemError('search-unavailable', detail);
    }
  }
}
