/** The keys of logins, all in one slot: a failed login counts in three of them at once. */
export const LOGIN_KEYS = {
  /**
   * String: number of failed logins; append `account:id`, `network:network` or `pair:id@network`.
   */
  failures: '{logins}:failures:',
  /** Sorted set: networks from which a user has logged in, by time in ms; append the id. */
  proven: '{logins}:proven:',
} as const;
