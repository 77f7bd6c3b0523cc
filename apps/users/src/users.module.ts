import { Module } from '@nestjs/common';
import { AdminKeyModule } from '#libs/admin-key/admin-key.module.ts';
import { UsersController } from './users.controller.ts';
import { UsersService } from './users.service.ts';

/** The users service. */
@Module({ imports: [AdminKeyModule], controllers: [UsersController], providers: [UsersService] })
export class UsersModule {}
