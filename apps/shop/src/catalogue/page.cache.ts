import { LRUCache } from 'lru-cache';

/** A page takes some 60 KB. The least recently used one makes room for a new one. */
const MAX_PAGES = 100;

/** A page that was just made, and for how many milliseconds it may be served. */
export interface FreshPage<T> {
  page: T;
  freshMs: number;
}

/** Pages that are the same for every visitor: each is made once, and kept while it is fresh. */
export class PageCache<T extends object> {
  private readonly pages = new LRUCache<string, T, () => Promise<FreshPage<T>>>({
    max: MAX_PAGES,
    fetchMethod: async (_key, _stale, { context: make, options }) => {
      const { page, freshMs } = await make();
      options.ttl = freshMs;
      return page;
    },
    // Callers that wait for a page get it, even if newer pages have taken its place meanwhile.
    ignoreFetchAbort: true,
  });

  /**
   * The page of a key. Callers that ask for it while it is being made get the same page, or the
   * same error; an error is not kept.
   * @param make makes the page when there is no fresh one
   */
  get(key: string, make: () => Promise<FreshPage<T>>): Promise<T> {
    return this.pages.forceFetch(key, { context: make });
  }
}
