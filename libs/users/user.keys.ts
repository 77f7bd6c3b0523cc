/** The keys of the users, all in one slot. */
export const USER_KEYS = {
  /** Hash of one user: `name`, `password` (a PHC string), `incarnation`; append the id. */
  user: '{users}:user:',
  /** Hash: user id -> name, for those who may see names and nothing else of users. */
  names: '{users}:names',
  /** Sorted set of all user ids, every score 0: alphabetical order. */
  users: '{users}:ids',
  /** Hash: deleted user whose quotes are still being unsigned -> incarnation of that user. */
  leaving: '{users}:leaving',
} as const;
