export {
  type AppInfo,
  type AppRegistry,
  type EnvironmentName,
  UnknownAppError,
} from './apps/app-registry.js'
export { Apps, type AppsOptions, type AppsReload } from './apps/apps.js'
export { configText, redactedConfig } from './config/config-text.js'
export { ConfigError, type ConfigProblem, problemText } from './config/problems.js'
export { type ReadConfigOptions, readConfig } from './config/read-config.js'
export type * from './config/server-config.js'
export type { AppConfig, ServerConfig } from './config/server-config.js'
export type { Place } from './config/source-tree.js'
export { FeedbackFollower, type FeedbackFollowerOptions } from './feedback/feedback-follower.js'
export { type FeedbackRoutesOptions, feedbackRoutes } from './feedback/feedback-routes.js'
export { wakingOutbox } from './feedback/waking-outbox.js'
export { Webhook, type WebhookOptions, type WebhookStatus } from './feedback/webhook/webhook.js'
export { newApiKey } from './http/access/api-key.js'
export { createApi } from './http/api.js'
export type { ApiContext } from './http/api-context.js'
export { type DrainReport, isClean } from './operations/drain-report.js'
export type { OpenOutbox } from './operations/open-outbox.js'
export { type ProcessLifeOptions, runServer, SERVER_EXIT_CODE } from './operations/process-life.js'
export type { ReloadReport, RunningServer } from './operations/running-server.js'
export { ServerError, type ServerErrorCode } from './operations/server-error.js'
export { apnsIdAt } from './outbox/apns-ids.js'
export type * from './outbox/dead-tokens.js'
export type { DriverName } from './outbox/embedded/database.js'
export { type EmbeddedOutboxOptions, openEmbeddedOutbox } from './outbox/embedded/embedded-outbox.js'
export type * from './outbox/outbox.js'
export { OutboxError, type OutboxErrorCode } from './outbox/outbox-error.js'
export { type PackedTokens, type TokenEntry, tokenAt, unpackTokens } from './outbox/packed-tokens.js'
export {
  openPostgresOutbox,
  type PostgresOutboxOptions,
  SharedOutbox,
} from './outbox/postgres/postgres-outbox.js'
export type { DatabaseOptions } from './postgres/database-options.js'
export { type ServerOptions, startServer } from './server.js'
export type { LogDestination } from './telemetry/logs/server-log.js'
export { METRICS, type MetricDefinition, type MetricName } from './telemetry/metrics/catalog.js'
export type { MetricsAccess } from './telemetry/metrics/metrics-plugin.js'
export {
  startTelemetry,
  type Telemetry,
  type TelemetryOptions,
  type TelemetrySources,
} from './telemetry/telemetry.js'
export { channelToken, encodeContent, type MessageContent } from './worker/message-content.js'
export { OutboxWorker } from './worker/outbox-worker.js'
export type * from './worker/worker-observer.js'
export type { OutboxWorkerOptions, StopReport } from './worker/worker-options.js'
