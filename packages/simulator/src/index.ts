export type { ReceivedBroadcast } from './broadcast/broadcast-service.js'
export type { Channel, StoragePolicy } from './broadcast/channel-registry.js'
export type { ChannelRule } from './broadcast/channel-rule.js'
export type { ChannelOperation, ReceivedChannelRequest } from './broadcast/channel-service.js'
export type { ClientCertificate, ClientCertificateOptions } from './certificates.js'
export type { ChaosOptions } from './chaos.js'
export type { WaitOptions } from './conditions.js'
export type { BadCertificate, ConnectionAction, ConnectionMatch, ConnectionRule } from './connection-rule.js'
export { type CredentialFiles, writeCredentials } from './credential-files.js'
export type { LiveActivityOptions } from './delivery/activities.js'
export type { ActivityEvent } from './delivery/activity-faults.js'
export type { DeviceLimit } from './delivery/delivery.js'
export type { DeliveryBudgets } from './delivery/delivery-budgets.js'
export type { Doubts } from './doubts.js'
export type { ErrorCode } from './error-codes.js'
export type { FrameFormat } from './gateway/frame.js'
export { type Gateway, type GatewayEnvironment, startGateway } from './gateway/gateway.js'
export type { GatewayOptions } from './gateway/options.js'
export type {
  Fate as GatewayFate,
  GatewayCounts,
  GatewayNotification,
  ProtocolError as GatewayProtocolError,
} from './gateway/received.js'
export type {
  ConnectionRule as GatewayConnectionRule,
  GatewayRule,
  NotificationRule as GatewayNotificationRule,
} from './gateway/rule.js'
export type {
  Journal,
  JournalConnection,
  JournalFate,
  JournalLine,
  JournalNotification,
  JournalOptions,
} from './journal.js'
export type { Latency } from './latency.js'
export { startSimulator } from './local-simulator.js'
export type { SimulatorOptions } from './options.js'
export type { ProviderCredentials, ProviderKeyOptions } from './provider-keys.js'
export type { Counts, ReceivedNotification } from './received.js'
export type { Cut, GoAwayOptions, Rule, RuleAction, RuleMatch, RuleTimes } from './rule.js'
export { OptionError } from './schema/shape.js'
export { loadScript, type Script } from './script.js'
export type { Simulator, SimulatorEnvironment } from './simulator.js'
export type { TimelineStep } from './timeline.js'
