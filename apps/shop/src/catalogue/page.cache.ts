import { LRUCache } from 'lru-cache';

/** How many pages are kept: some 60 KB each. Those that were asked for longest ago go first. */
const CAPACITY = 100;

/** A page that was just made, and for how many milliseconds it may be served. */
export interface FreshPage<T> {
  page: T;
  freshMs: number;
}

/** Pages that are the same for every visitor: each is made once, and kept while it is fresh. */
export class PageCache<T extends object> {
  private readonly pages = new LRUCache<string, T, () => Promise<FreshPage<T>>>({
    max: CAPACITY,
    fetchMethod: async (_key, _stale, { context: make, options }) => {
      const { page, freshMs } = await make();
      options.ttl = freshMs;
      return page;
    },
    // Those who wait for a page get it, even if newer pages have taken its room meanwhile.
    ignoreFetchAbort: true,
  });

  /**
   * The page of a key. Those who ask for it while it is being made get the same one, or the same
   * error; an error is not kept.
   * @param make makes the page when there is no fresh one
   */
  get(key: string, make: () => Promise<FreshPage<T>>): Promise<T> {
    return this.pages.forceFetch(key, { context: make });
  }
}
