/** How a call proves who makes it: by one of the security schemes of the documents. */
export type Credentials = 'adminKey' | 'adminKeyBearer' | 'userCredentials';

/** A call of an operation. A name in braces in a text stands for what fixtures.ts made. */
interface Call {
  as?: Credentials;
  /** Those of path, query and header, by the names that the document gives them. */
  parameters?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  body?: object;
  /** Fields of the header that the document does not name. */
  headers?: Readonly<Record<string, string>>;
}

/** An operation, called once with success and once with an error. */
export interface Trial {
  /** `answer` is at least in the answer: fields and items, or a part of a text. */
  succeeds: Call & { status: number; answer?: unknown };
  /** `problem` is the name in the catalogue of errors. */
  fails: Call & { problem: string };
}

/** Every operation may be refused so, also one that refuses nothing else. */
const TOO_LONG = {
  headers: { 'X-Padding': 'x'.repeat(20_000) },
  problem: 'headers-too-large',
} as const;
const HEALTH = { succeeds: { status: 200, answer: { status: 'ok' } }, fails: TOO_LONG } as const;
const VERSION = {
  succeeds: { status: 200, answer: { version: '{version}' } },
  fails: TOO_LONG,
} as const;
const METRICS = {
  succeeds: { status: 200, answer: 'process_cpu_seconds_total' },
  fails: TOO_LONG,
} as const;

/**
 * What the clients of every language call: for each service all operations of its document, by
 * their ids. `npm run check` names those that are missing here. The client in TypeScript is
 * compiled with this table, so that the types made from the documents must accept all of it.
 */
export const TRIALS = {
  users: {
    createUser: {
      succeeds: {
        as: 'adminKey',
        body: { id: '{newUser}', name: 'Tintin', password: '{password}' },
        status: 201,
        answer: { id: '{newUser}', name: 'Tintin' },
      },
      fails: {
        as: 'adminKeyBearer',
        body: { id: '{user}', name: 'Tintin', password: '{password}' },
        problem: 'conflict',
      },
    },
    listUsers: {
      succeeds: {
        as: 'adminKeyBearer',
        parameters: { limit: 100 },
        status: 200,
        answer: { items: [{ id: '{user}', name: 'Tintin' }], next: null },
      },
      fails: { problem: 'unauthorized' },
    },
    getUser: {
      succeeds: {
        as: 'adminKey',
        parameters: { id: '{user}' },
        status: 200,
        answer: { id: '{user}', name: 'Tintin' },
      },
      fails: { as: 'adminKey', parameters: { id: 'nobody' }, problem: 'not-found' },
    },
    changeUser: {
      succeeds: {
        as: 'userCredentials',
        parameters: { id: '{user}' },
        body: { name: 'Tintin' },
        status: 200,
        answer: { id: '{user}', name: 'Tintin' },
      },
      fails: {
        as: 'userCredentials',
        parameters: { id: 'nobody' },
        body: { name: 'Tintin' },
        problem: 'forbidden',
      },
    },
    deleteUser: {
      succeeds: { as: 'adminKey', parameters: { id: '{doomedUser}' }, status: 204 },
      fails: { as: 'adminKey', parameters: { id: 'nobody' }, problem: 'not-found' },
    },
    getUsersHealth: HEALTH,
    getUsersReadiness: HEALTH,
    getUsersVersion: VERSION,
    getUsersMetrics: METRICS,
  },
  quotes: {
    createQuote: {
      succeeds: {
        as: 'userCredentials',
        body: { quote: 'Mille sabords !', author: 'Archibald Haddock', lang: 'fr', tags: ['Mer'] },
        status: 201,
        answer: {
          quote: 'Mille sabords !',
          author: 'Archibald Haddock',
          source: null,
          lang: 'fr',
          tags: ['mer'],
          user_id: '{user}',
        },
      },
      fails: {
        as: 'userCredentials',
        body: { quote: 'Mille sabords !', user_id: 'somebody-else' },
        problem: 'forbidden',
      },
    },
    listQuotes: {
      succeeds: {
        parameters: { ids: '{quote}' },
        status: 200,
        answer: {
          items: [{ id: '{quote}', tags: ['courage', 'mer'], user_id: '{user}' }],
          total: 1,
          next: null,
        },
      },
      fails: { parameters: { ids: '{quote}', tag: 'mer' }, problem: 'invalid-request' },
    },
    getRandomQuote: {
      succeeds: {
        parameters: { author: 'archibald haddock', max_length: 100 },
        status: 200,
        answer: { author: 'Archibald Haddock' },
      },
      fails: { parameters: { author: 'Nestor' }, problem: 'not-found' },
    },
    sampleQuotes: {
      succeeds: {
        parameters: { n: 1, tag: 'Mer' },
        status: 200,
        answer: { items: [{ author: 'Archibald Haddock' }] },
      },
      fails: { parameters: { min_length: 9, max_length: 5 }, problem: 'invalid-request' },
    },
    getQuoteOfToday: {
      succeeds: { parameters: { tz: 'Europe/Paris' }, status: 200, answer: {} },
      fails: { parameters: { tz: 'Europe/Mars' }, problem: 'invalid-request' },
    },
    getRandomQuoteText: {
      succeeds: {
        parameters: { author: 'archibald haddock' },
        status: 200,
        answer: '\n— Archibald Haddock',
      },
      fails: { parameters: { author: 'Nestor' }, problem: 'not-found' },
    },
    getRandomQuoteCard: {
      succeeds: { status: 200, answer: '</svg>' },
      fails: { parameters: { author: 'Nestor' }, problem: 'not-found' },
    },
    getQuoteOfTodayText: {
      succeeds: { status: 200, answer: '\n' },
      fails: { parameters: { tz: 'Europe/Mars' }, problem: 'invalid-request' },
    },
    getQuoteOfTodayCard: {
      succeeds: { status: 200, answer: '</svg>' },
      fails: { parameters: { tz: 'Europe/Mars' }, problem: 'invalid-request' },
    },
    getQuoteText: {
      succeeds: { parameters: { id: '{quote}' }, status: 200, answer: '{text}' },
      fails: { parameters: { id: '1' }, problem: 'not-found' },
    },
    getQuoteCard: {
      succeeds: { parameters: { id: '{quote}' }, status: 200, answer: 'Archibald Haddock' },
      fails: { parameters: { id: '1' }, problem: 'not-found' },
    },
    getQuotesFeed: { succeeds: { status: 200, answer: '</feed>' }, fails: TOO_LONG },
    exportQuotes: {
      succeeds: { parameters: { after: '1' }, status: 200, answer: '{"id":"{quote}",' },
      fails: TOO_LONG,
    },
    getQuote: {
      succeeds: {
        parameters: { id: '{quote}' },
        status: 200,
        answer: { id: '{quote}', quote: '{text}', author: 'Archibald Haddock', lang: null },
      },
      fails: { parameters: { id: '1' }, problem: 'not-found' },
    },
    changeQuote: {
      succeeds: {
        as: 'userCredentials',
        parameters: { id: '{quote}', 'If-Match': '*' },
        body: { source: 'Le Crabe aux pinces d’or' },
        status: 200,
        answer: { id: '{quote}', quote: '{text}', source: 'Le Crabe aux pinces d’or' },
      },
      fails: {
        as: 'userCredentials',
        parameters: { id: '{foreignQuote}' },
        body: { source: 'Le Crabe aux pinces d’or' },
        problem: 'forbidden',
      },
    },
    deleteQuote: {
      succeeds: {
        as: 'userCredentials',
        parameters: { id: '{doomedQuote}', 'If-Match': '*' },
        status: 204,
      },
      fails: { as: 'userCredentials', parameters: { id: '{foreignQuote}' }, problem: 'forbidden' },
    },
    getQuotesHealth: HEALTH,
    getQuotesReadiness: HEALTH,
    getQuotesVersion: VERSION,
    getQuotesMetrics: METRICS,
  },
  search: {
    searchQuotes: {
      succeeds: {
        parameters: {
          keyword: 'tonnerre',
          user_id: '{user}',
          facets: 'author,lang',
          limit: 5,
          offset: 0,
        },
        status: 200,
        answer: {
          items: [{ id: '{quote}', highlight: '<mark>Tonnerre</mark> de Brest !' }],
          total: 1,
        },
      },
      fails: {
        parameters: { keyword: 'a b c d e f g h i j k l m n o p q' },
        problem: 'invalid-request',
      },
    },
    suggestKeywords: {
      succeeds: {
        parameters: { prefix: 'archi', limit: 5 },
        status: 200,
        answer: { items: [{ text: 'Archibald Haddock' }] },
      },
      fails: {
        parameters: { prefix: 'a b c d e f g h i j k l m n o p q' },
        problem: 'invalid-request',
      },
    },
    listAuthors: {
      succeeds: {
        parameters: { prefix: 'archi', limit: 5 },
        status: 200,
        answer: { items: [{ name: 'Archibald Haddock' }], next: null },
      },
      fails: TOO_LONG,
    },
    listTags: {
      succeeds: {
        parameters: { prefix: 'MER', limit: 5 },
        status: 200,
        answer: { items: [{ name: 'mer' }], next: null },
      },
      fails: TOO_LONG,
    },
    getSearchHealth: HEALTH,
    getSearchReadiness: HEALTH,
    getSearchVersion: VERSION,
    getSearchMetrics: METRICS,
  },
  shop: {
    listOrders: {
      succeeds: {
        as: 'adminKey',
        parameters: { limit: 100 },
        status: 200,
        answer: { items: [{ id: '{order}', currency: 'eur' }] },
      },
      fails: { problem: 'unauthorized' },
    },
    getOrder: {
      succeeds: {
        as: 'adminKeyBearer',
        parameters: { id: '{order}' },
        status: 200,
        answer: {
          lines: [{ quote_id: '{quote}', print: 'mug', quantity: 1 }],
          history: [{ state: 'created' }],
        },
      },
      fails: { as: 'adminKey', parameters: { id: 'PR-AAAAAAAAAA' }, problem: 'not-found' },
    },
    receiveStripeEvent: {
      succeeds: {
        parameters: { 'Stripe-Signature': '{signature}' },
        // The signature is over the bytes of the body, which are the same in every language.
        body: {},
        status: 200,
        answer: { received: true },
      },
      fails: {
        parameters: { 'Stripe-Signature': 't=1,v1=none' },
        body: {},
        problem: 'unsigned-event',
      },
    },
    getShopHealth: HEALTH,
    getShopReadiness: HEALTH,
    getShopVersion: VERSION,
    getShopMetrics: METRICS,
  },
} as const satisfies Record<string, Record<string, Trial>>;
