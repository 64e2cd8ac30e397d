export type { ClientCertificate, ClientCertificateOptions } from './certificates.js'
export type { WaitOptions } from './conditions.js'
export { type CredentialFiles, writeCredentials } from './credential-files.js'
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
export type { SimulatorOptions } from './options.js'
export type { ProviderCredentials, ProviderKeyOptions } from './provider-keys.js'
export type { Counts, ReceivedNotification } from './received.js'
export type { GoAwayOptions, Rule, RuleAction, RuleMatch } from './rule.js'
export { type Simulator, type SimulatorEnvironment, startSimulator } from './simulator.js'
