import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { Authorizer } from './access/authorize.js'
import type { ApiContext } from './api-context.js'
import { acceptJson } from './body/json-body.js'
import { compileValidator } from './body/validation.js'
import './caller.js'
import { NOBODY } from './access/key-ring.js'
import { letGoOfConnections } from './linger.js'
import { answerClientError, createListener } from './listener.js'
import { StoreRoom } from './messages/store-room.js'
import { answerUnknownRoutes } from './not-found.js'
import { documentRoutes } from './openapi-document.js'
import { ApiProblem, PROBLEM_TYPE } from './problem/api-problem.js'
import { problemOf } from './problem/problem-of.js'
import type { TypedApp } from './routes/api-routes.js'
import { controlApps } from './routes/app-control.js'
import { listApps } from './routes/apps.js'
import { sendBroadcasts } from './routes/broadcasts.js'
import { manageChannels } from './routes/channels.js'
import { explainMessages } from './routes/explain.js'
import { controlMessages } from './routes/message-control.js'
import { reportMessages } from './routes/message-reports.js'
import { serveOpenApi } from './routes/openapi.js'
import { listOutcomes } from './routes/outcomes.js'
import { explainProblems } from './routes/problem-pages.js'
import { sendMessages } from './routes/send-messages.js'
import { listSuppressions } from './routes/suppressions.js'
import { receiveTokenLists } from './routes/token-lists.js'
import { Problem } from './schemas/problem.js'

/** Longer than any id, app or code; longer ones are not looked up. */
const MAX_PARAMETER_CHARACTERS = 255

/**
 * The HTTP API, not listening yet: `listen` and `close` are the caller's.
 *
 * Everything that is wrong is a problem document (RFC 9457); nothing is accepted that is not stored.
 */
export function createApi(context: ApiContext): FastifyInstance {
  const app: FastifyInstance = fastify({
    loggerInstance: context.logger,
    logController: new LogController({ disableRequestLogging: true }),
    serverFactory: (handler) => createListener(context, handler),
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      answerProblem(error, request, reply)
    },
    // While it closes, what comes over connections that are open is answered as ever.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
  })
  // A logger of its own for each request would cost more than all that is logged.
  app.setChildLoggerFactory((logger) => logger)
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(() => JSON.stringify)
  app.setErrorHandler(answerProblem)
  acceptJson(app, () => context.limits)
  letGoOfConnections(app)
  answerUnknownRoutes(app)
  protect(app, new Authorizer(() => context.apiKeys))
  app.addSchema(Problem)
  void app.register(async (scope) => {
    await documentRoutes(scope)
    if (context.takesMessages !== false) addRoutes(scope.withTypeProvider(), context)
    for (const plugin of context.plugins ?? []) await scope.register(plugin)
  })
  return app
}

function addRoutes(app: TypedApp, context: ApiContext): void {
  const room = new StoreRoom(context)
  sendMessages(app, context, room)
  receiveTokenLists(app, context, room)
  controlMessages(app, context)
  reportMessages(app, context)
  listOutcomes(app, context)
  listApps(app, context)
  controlApps(app, context)
  sendBroadcasts(app, context, room)
  manageChannels(app, context)
  listSuppressions(app, context)
  explainMessages(app, context)
  explainProblems(app)
  serveOpenApi(app)
}

/** Sees to every request before anything of it is read. */
function protect(app: FastifyInstance, authorizer: Authorizer): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = NOBODY
    if (request.headers.host === undefined && request.raw.httpVersion !== '1.0') {
      throw new ApiProblem('BAD_REQUEST', 'the request has no Host (RFC 9112, section 3.2)')
    }
    request.caller = authorizer.callerOf(
      request,
      request.is404 ? undefined : request.routeOptions.config.scope,
    )
    done()
  })
}

function answerProblem(error: FastifyError | ApiProblem, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error, request.routeOptions.schema?.consumes)
  const { code, status, headers, cause, message } = problem
  if (status >= 500) request.log.error({ err: cause ?? problem, code, url: request.url }, message)
  // The framework would close a connection whose body was wrong; `linger.ts` lets it be read to its end instead.
  void reply
    .removeHeader('connection')
    .code(status)
    .headers(headers)
    .type(PROBLEM_TYPE)
    .serializer(String)
    .send(problem.toString())
}
