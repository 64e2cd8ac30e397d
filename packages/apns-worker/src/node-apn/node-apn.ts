export type { Aps, ApsNotificationInterruptionLevel, ApsSound, NotificationAlertOptions } from './aps.js'
export type { Sendable } from './message-from.js'
export { Notification, type NotificationHeaders, type NotificationPushType } from './notification.js'
export {
  type BroadcastResponse,
  type BroadcastResponseFailure,
  type ChannelAction,
  MultiProvider,
  Provider,
} from './provider.js'
export type { LogFunction } from './provider-log.js'
export type { MultiProviderOptions, ProviderOptions, ProviderToken } from './provider-options.js'
export { ProviderError, type ResponseFailure, type ResponseSent, type Responses } from './responses.js'
export { token } from './token.js'
