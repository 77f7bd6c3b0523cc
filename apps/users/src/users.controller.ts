import { Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireAdminKey } from '#libs/admin-key/admin-key.guard.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ValidBody, ValidParam, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import { idSchema } from '#libs/schema/text.schema.ts';
import {
  type NewUserBody,
  newUserSchema,
  type UserListQuery,
  userListQuerySchema,
  userListSchema,
  userSchema,
} from '#libs/users/user.schema.ts';
import { UsersService } from './users.service.ts';

/** The users, for holders of the admin key. */
@ApiTags('users')
@RequireAdminKey()
@ApiProblem('too-many-requests', 'unavailable', 'busy')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Post()
  @ApiOperation({ summary: 'Add a user' })
  @ApiAnswer(201, userSchema, { Location: 'Path of the user' })
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'conflict',
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
    'busy',
    'full',
  )
  async create(
    @ValidBody(newUserSchema) body: NewUserBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    request.subject = body.id;
    const user = await this.users.create(body);
    reply.header('location', `/users/${user.id}`);
    return user;
  }

  @Get()
  @ApiOperation({ summary: 'List the users, by id' })
  @ApiAnswer(200, userListSchema)
  @ApiProblem('invalid-request')
  list(@ValidQuery(userListQuerySchema) query: UserListQuery) {
    return this.users.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a user' })
  @ApiAnswer(200, userSchema)
  @ApiProblem('invalid-request', 'not-found')
  find(@ValidParam('id', idSchema) id: string) {
    return this.users.find(id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a user; the quotes stay, unsigned' })
  @ApiAnswer(204)
  @ApiProblem('invalid-request', 'not-found')
  delete(@ValidParam('id', idSchema) id: string, @Req() request: FastifyRequest) {
    request.subject = id;
    return this.users.delete(id);
  }
}
