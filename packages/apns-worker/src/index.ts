export type { ApnsIds } from './apns-id.js'
export { AppConfigurationError, type AppConfigurationErrorCode } from './apps/app-configuration-error.js'
export { AppManagers, type AppManagersOptions } from './apps/app-managers.js'
export type { AppOptions } from './apps/app-options.js'
export { Backend, type BackendClass, type BackendOptions, type BackendStats } from './backend/backend.js'
export { BinaryBackend } from './backend/binary/binary-backend.js'
export type { CustomEnvironment, Environment } from './backend/environment.js'
export { Http2Backend } from './backend/http2/http2-backend.js'
export { loadBackend } from './backend/load-backend.js'
export type { NetworkOptions } from './backend/network-options.js'
export { BroadcastBackend } from './broadcast/broadcast-backend.js'
export { BroadcastMessage, type BroadcastOptions } from './broadcast/broadcast-message.js'
export type { Channel, ChannelReference, StoragePolicy } from './broadcast/channel.js'
export {
  ChannelError,
  type ChannelErrorCode,
  type ChannelErrorInit,
  type ChannelOperation,
} from './broadcast/channel-error.js'
export {
  ChannelManager,
  type ChannelManagerOptions,
  type ChannelScope,
  type NewChannel,
} from './broadcast/channel-manager.js'
export type { ChannelStats } from './broadcast/channel-stats.js'
export type { BroadcastHost } from './broadcast/hosts.js'
export { type CloseReport, ManagerClosedError, type Unsent } from './closing.js'
export type { CredentialStats } from './credentials/credential-stats.js'
export {
  CredentialError,
  type CredentialErrorCode,
  type CredentialOptions,
  type Credentials,
  loadCredentials,
} from './credentials/credentials.js'
export type { Delivery, DeliveryReport, Outcome, OutcomeGroup } from './delivery.js'
export { type ChannelEvents, channels } from './diagnostics/channels.js'
export type { ConnectionStats, StatusClasses, TrafficStats } from './diagnostics/traffic.js'
export { ApnsError, type ApnsErrorCode, type ApnsErrorInit, type Failure } from './error.js'
export { type ExplainOptions, explain } from './explain/explain.js'
export type { BroadcastDraft } from './explain/explain-broadcast.js'
export type { Explanation } from './explain/explanation.js'
export type { PushTypeSource } from './explain/facts.js'
export type { Finding } from './explain/finding.js'
export type { MessageDraft } from './explain/read-draft.js'
export { Feedback, type Subscription } from './feedback.js'
export { type FitOptions, type FittedAlert, fitAlert } from './fit-alert.js'
export type {
  AnyJsonObject,
  LiveActivityAlert,
  LiveActivityEnd,
  LiveActivityEndAps,
  LiveActivityPayload,
  LiveActivityStart,
  LiveActivityStartAps,
  LiveActivityUpdate,
  LiveActivityUpdateAps,
  LocalizableText,
} from './live-activity/payload.js'
export type { PushBudget } from './live-activity/push-budget.js'
export { LiveActivitySession } from './live-activity/session.js'
export { LiveActivityError, type LiveActivityErrorCode } from './live-activity/session-error.js'
export type {
  LiveActivityDetails,
  LiveActivityEndOptions,
  LiveActivityFate,
  LiveActivitySessionOptions,
  LiveActivityStartOptions,
  LiveActivityUpdateOptions,
  MessageSender,
  SentPush,
  SessionClock,
} from './live-activity/session-options.js'
export { swiftDate } from './live-activity/swift-date.js'
export type { Logger } from './logger.js'
export { ApnsManager, type ManagerStats } from './manager.js'
export type { ApnsManagerOptions } from './manager-options.js'
export { Message, type MessageOptions } from './message.js'
export { MessageError, type MessageErrorCode } from './message-error.js'
export type { ProxyOption, ProxyOptions } from './net/proxy/proxy-option.js'
export type { CertificateAuthorities } from './net/secure-context.js'
export { Notification } from './notification.js'
export type { StreamOutcome } from './outcome-stream.js'
export type { Alert, CriticalSound } from './payload/alert.js'
export type { Aps, InterruptionLevel, NotificationAps } from './payload/aps.js'
export type { ApsFields } from './payload/aps-fields.js'
export type { AsJson, JsonValue } from './payload/json.js'
export type {
  AlertPayload,
  BackgroundPayload,
  ContentChangedPayload,
  DataPayload,
  FileProviderPayload,
  LocationPayload,
  MdmPayload,
  Payloads,
  PushToTalkPayload,
  SafariPayload,
} from './payload/payloads.js'
export type { UnixTime } from './payload/unix-time.js'
export type { FrameFormat } from './protocol/gateway/frame.js'
export { type Priority, PUSH_TYPES, type PushType, type PushTypeRules } from './push-type.js'
export { NotificationQueue, type QueueListener, type QueueLock, type SettlementObserver } from './queue.js'
export { classify, REASONS, type ReasonClass, type ReasonEntry } from './reason.js'
export { packedTokens } from './token-list.js'
