import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { getStorageToken, ThrottlerModule } from '@nestjs/throttler';
import type { Config } from '#libs/config/config.ts';
import { ClientThrottlerGuard } from './client-throttler.guard.ts';
import { RedisThrottlerStorage } from './redis-throttler.storage.ts';

/** Limits the requests per client. With `THROTTLE_LIMIT=0` nothing is registered, at no cost. */
@Module({})
export class ThrottlingModule {
  static forRoot(config: Config): DynamicModule {
    if (config.THROTTLE_LIMIT === 0) return { module: ThrottlingModule };
    return {
      module: ThrottlingModule,
      imports: [
        ThrottlerModule.forRoot([
          { limit: config.THROTTLE_LIMIT, ttl: config.THROTTLE_WINDOW_SECONDS * 1000 },
        ]),
      ],
      providers: [
        RedisThrottlerStorage,
        { provide: getStorageToken(), useExisting: RedisThrottlerStorage },
        ClientThrottlerGuard,
        { provide: APP_GUARD, useExisting: ClientThrottlerGuard },
      ],
    };
  }
}
