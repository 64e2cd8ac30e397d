import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { appOfLane } from '../../apps/app-registry.js'
import { OutboxError } from '../../outbox/outbox-error.js'
import type { ApiContext } from '../api-context.js'
import { refuseEncoded } from '../body/json-body.js'
import { noMessage } from '../messages/lanes.js'
import type { StoreRoom } from '../messages/store-room.js'
import { ApiProblem } from '../problem/api-problem.js'
import { problemOf } from '../problem/problem-of.js'
import { MessageIdParameters } from '../schemas/fields.js'
import { TokensStored } from '../schemas/messages.js'
import { problems } from '../schemas/problem.js'
import { LineError } from '../tokens/line-splitter.js'
import { csvReader, readPlainLine } from '../tokens/token-lines.js'
import { TokenUpload } from '../tokens/token-upload.js'
import type { TypedApp } from './api-routes.js'

const PLAIN = 'text/plain'
const CSV = 'text/csv'

const OffsetQuery = Type.Object(
  {
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2 ** 32,
        description:
          'How many tokens the message has, as far as you know; a list that is sent again does no harm with it',
      }),
    ),
  },
  { additionalProperties: false },
)

/** `POST /v1/messages/{id}/tokens`: a list of any length, stored while it is read. */
export function receiveTokenLists(app: TypedApp, context: ApiContext, room: StoreRoom): void {
  const { outbox } = context
  // In a scope of its own: this is the only route that takes anything but JSON, and it takes no JSON.
  void app.register((scope: FastifyInstance, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser([PLAIN, CSV], (request, payload, next) => {
      refuseEncoded(request.headers['content-encoding'])
      next(null, payload)
    })
    route(scope)
    done()
  })

  function route(scope: TypedApp): void {
    const schema = {
      operationId: 'addTokens',
      tags: ['messages'],
      summary: 'Adds device tokens to an open message: one a line, or CSV with a column token',
      consumes: [PLAIN, CSV],
      // For the document alone: any body has it, and it is a stream.
      body: {
        content: {
          [PLAIN]: { schema: { description: 'A device token on each line, hex-encoded' } },
          [CSV]: { schema: { description: 'With a column token, and maybe registeredAt' } },
        },
      },
      params: MessageIdParameters,
      querystring: OffsetQuery,
      response: { 202: TokensStored, ...problems(404, 409, 422, 429) },
    }
    scope.post('/v1/messages/:id/tokens', { schema, config: { scope: 'send' } }, async (request, reply) => {
      const { id: messageId } = request.params
      const { state, app: lane, total: before } = await outbox.message(messageId)
      if (!request.caller.mayUse(appOfLane(lane))) throw noMessage(messageId)
      if (state !== 'open') {
        throw new ApiProblem('NOT_OPEN', `the message ${messageId} was sent or cancelled, and takes no more`)
      }
      await room.check()
      const body = request.body as Readable | undefined
      if (body === undefined)
        throw new ApiProblem('UNSUPPORTED_MEDIA_TYPE', `send a list as ${PLAIN} or ${CSV}`)
      const isCsv = request.headers['content-type']?.toLowerCase().startsWith(CSV) === true
      const upload = new TokenUpload({
        outbox,
        messageId,
        offset: request.query.offset,
        readLine: isCsv ? csvReader() : readPlainLine,
        idleMs: context.limits.requestTimeoutMs,
      })
      try {
        return await reply.code(202).send({ total: await upload.receive(body) })
      } catch (error) {
        throw await withTotal(error, messageId, upload.stored ?? before)
      }
    })
  }

  /** @param known what the store has said last, where it says nothing any more */
  async function totalOf(messageId: string, known: number): Promise<number> {
    try {
      return (await outbox.message(messageId)).total
    } catch (cause) {
      if (cause instanceof OutboxError && cause.code === 'NOT_FOUND') throw cause
      return known
    }
  }

  /** Says from where to go on. */
  async function withTotal(error: unknown, messageId: string, known: number): Promise<ApiProblem> {
    const total = await totalOf(messageId, known)
    if (error instanceof LineError) {
      const detail = `${error.message}; what is before it is stored, which makes ${total} tokens`
      return new ApiProblem('INVALID_LINE', detail, { members: { line: error.line, total }, cause: error })
    }
    return problemOf(error).with({ total })
  }
}
