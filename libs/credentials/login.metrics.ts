import { Counter } from 'prom-client';

/** Logins of users by outcome; those whose credentials were remembered are not counted. */
export const logins = new Counter({
  name: 'logins_total',
  help: 'Logins of users whose password was checked, or refused unchecked, by what became of them',
  labelNames: ['outcome'] as const,
});
for (const outcome of ['verified', 'failed', 'refused']) logins.inc({ outcome }, 0);
