import { Module } from '@nestjs/common';
import { AdminKey } from './admin-key.guard.ts';

/** The admin key, for apps that guard something with it. */
@Module({ providers: [AdminKey], exports: [AdminKey] })
export class AdminKeyModule {}
