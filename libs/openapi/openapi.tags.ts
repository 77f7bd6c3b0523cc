import { ApiTags } from '@nestjs/swagger';

/** The tags of operations, and what each stands for. A document defines those that it uses. */
export const TAGS = {
  users: 'The people who sign quotes.',
  quotes: 'Who said what, where, and in which language.',
  search: 'Quotes by their words.',
  names: 'The authors and tags of quotes.',
  orders: 'What buyers have ordered in the shop.',
  payments: 'What the payment provider tells the shop.',
  operations: 'What operators and probes ask a service about itself.',
} as const;

/** Puts the operations of a controller under a tag. */
export const ApiTag = (name: keyof typeof TAGS) => ApiTags(name);
