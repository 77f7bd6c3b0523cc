import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Pictures of pages go here, for people to look at. */
export const SCREENSHOTS = 'data/screenshots';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/**
 * Starts the browser of the tests.
 * @throws Error when there is none
 */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM))
    throw new Error(`No ${CHROMIUM}: apt-get install chromium, or set CHROMIUM to another one`);
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/**
 * Collects what a page complains of: errors of scripts, and those that the browser reports.
 * @param ignored end of the addresses whose refused requests are no complaint
 * @returns a list that grows with them
 */
export function complaintsOf(page: Page, ignored: string): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith(ignored))
      complaints.push(message.text());
  });
  return complaints;
}

/** A server of another origin than the services, at a free port. */
export interface OtherOrigin {
  port: number;
  close(): void;
}

/**
 * Serves pages of another origin.
 * @param pageOf the HTML of the page at a path
 */
export async function serveOtherOrigin(pageOf: (path: string) => string): Promise<OtherOrigin> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(pageOf(request.url ?? '/'));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => void server.close() };
}
