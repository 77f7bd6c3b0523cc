import { Controller, Delete, Get, HttpCode, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireAdminKey } from '#libs/admin-key/admin-key.guard.ts';
import { RequireUser } from '#libs/credentials/user.guard.ts';
import { preconditionOf } from '#libs/http/precondition.ts';
import { ApiAnswer, ApiProblem } from '#libs/openapi/openapi.decorators.ts';
import { ApiTag } from '#libs/openapi/openapi.tags.ts';
import { ValidBody, ValidParam, ValidQuery } from '#libs/openapi/schema.decorators.ts';
import {
  type NewUserBody,
  newUserSchema,
  type UserChangesBody,
  type UserListQuery,
  userChangesSchema,
  userIdSchema,
  userListQuerySchema,
  userListSchema,
  userSchema,
} from '#libs/users/user.schema.ts';
import { UsersService } from './users.service.ts';

/** The users, for holders of the admin key, and each for itself. */
@ApiTag('users')
@ApiProblem('too-many-requests', 'unavailable', 'busy')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Post()
  @RequireAdminKey()
  @ApiOperation({
    summary: 'Add a user',
    description: 'The password is kept as a hash of argon2id, and no call answers with either.',
  })
  @ApiAnswer(201, userSchema, { Location: 'Path of the user' })
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'conflict',
    'precondition-failed',
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
    'busy',
    'full',
  )
  async createUser(
    @ValidBody(newUserSchema) body: NewUserBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    request.subject = body.id;
    const user = await this.users.create(body, preconditionOf(request.headers));
    reply.header('location', `/users/${user.id}`);
    return user;
  }

  @Get()
  @RequireUser()
  @ApiOperation({
    summary: 'List the users, by id; a user sees a list of itself',
    description: 'A page at a time, in the order of the bytes of the ids.',
  })
  @ApiAnswer(200, userListSchema)
  @ApiProblem('invalid-request')
  listUsers(@ValidQuery(userListQuerySchema) query: UserListQuery, @Req() request: FastifyRequest) {
    return this.users.list(query, request.user);
  }

  @Get(':id')
  @RequireUser()
  @ApiOperation({
    summary: 'Read a user',
    description: 'The name stands below the quotes of this user.',
  })
  @ApiAnswer(200, userSchema)
  @ApiProblem('invalid-request', 'forbidden', 'not-found')
  getUser(@ValidParam('id', userIdSchema) id: string, @Req() request: FastifyRequest) {
    return this.users.find(id, request.user);
  }

  @Patch(':id')
  @RequireUser()
  @ApiOperation({
    summary: 'Change the name or password of a user; the quotes stay signed',
    description:
      'A field that is left out stays as it is. The old password no longer works, at once.',
  })
  @ApiAnswer(200, userSchema)
  @ApiProblem(
    'invalid-request',
    'malformed-body',
    'forbidden',
    'not-found',
    'precondition-failed',
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
    'busy',
    'full',
  )
  changeUser(
    @ValidParam('id', userIdSchema) id: string,
    @ValidBody(userChangesSchema) body: UserChangesBody,
    @Req() request: FastifyRequest,
  ) {
    request.subject = id;
    return this.users.change(id, body, request.user, preconditionOf(request.headers));
  }

  @Delete(':id')
  @RequireAdminKey()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove a user; the quotes stay, unsigned',
    description: 'The password no longer works, at once. The id may be given to somebody else.',
  })
  @ApiAnswer(204)
  @ApiProblem('invalid-request', 'not-found', 'precondition-failed')
  deleteUser(@ValidParam('id', userIdSchema) id: string, @Req() request: FastifyRequest) {
    request.subject = id;
    return this.users.delete(id, preconditionOf(request.headers));
  }
}
