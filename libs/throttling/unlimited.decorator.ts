import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link Unlimited}. */
export const UNLIMITED = Symbol('UNLIMITED');

/** Marks a controller whose requests are never counted or limited: probes, metrics. */
export const Unlimited = () => SetMetadata(UNLIMITED, true);
