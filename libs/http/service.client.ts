import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { ProblemError } from '#libs/problem/problem.ts';
import { callService } from './http.client.ts';

/** Another service does not answer, or not as it should: the cause says what is wrong. */
export class UpstreamUnavailable extends Error {}

/** The request that a call is made for. */
export interface ServedRequest {
  /** The other service logs the call under it. */
  id: string;
  /** Aborted when the client has gone, which ends the call. */
  signal?: AbortSignal;
}

/** An answer other than 200 that is no failure, and what it means. */
export interface Refusal<T> {
  status: number;
  meaning: T;
}

/** Reads from another service, and logs each change of what is wrong with it once. */
export class ServiceClient {
  private readonly logger = new Logger('upstream');
  /** What is wrong with the service while it does not answer as it should. */
  private problem: string | undefined;

  /**
   * @param address of the service, without a slash at the end
   * @param timeoutMs within which the whole answer must arrive
   */
  constructor(
    private readonly address: string,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Reads JSON.
   * @param path with its query
   * @param schema of the answer
   * @throws UpstreamUnavailable; ProblemError request-timeout when the client has gone
   */
  async get<T, R = never>(
    path: string,
    schema: z.ZodType<T>,
    { id, signal }: ServedRequest,
    refusal?: Refusal<R>,
  ): Promise<T | R> {
    try {
      const { status, body } = await callService({
        method: 'GET',
        url: new URL(this.address + path),
        headers: { 'x-request-id': id },
        timeoutMs: this.timeoutMs,
        ...(signal && { signal }),
      });
      if (status === refusal?.status) return refusal.meaning;
      if (status !== 200) throw new Error(`It answered with ${status}`);
      const answer = schema.parse(JSON.parse(body));
      // A lesser level than that of the problem would not be shown by default.
      if (this.problem !== undefined) this.logger.warn(`${this.address} answers again`);
      this.problem = undefined;
      return answer;
    } catch (error) {
      // Nobody reads this answer, but it is logged: not as a failure of the service.
      if (signal?.aborted) throw new ProblemError('request-timeout', 'The client has gone');
      const message = `${this.address} does not answer as it should`;
      const problem = problemOf(error);
      if (this.problem !== problem) this.logger.warn(`${message}: ${problem}`);
      this.problem = problem;
      throw new UpstreamUnavailable(message, { cause: error });
    }
  }
}

function problemOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'its answer has another shape';
  if (error instanceof SyntaxError) return 'its answer is no JSON';
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return 'no answer in time';
  // A host with several addresses, such as localhost, fails with an error without a message.
  return message || String(code);
}
