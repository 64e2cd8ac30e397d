// For compilers to CommonJS, which take no module of the other kind for one of theirs.
import type * as apn from '../dist/node-apn/node-apn.js' with { 'resolution-mode': 'import' }

export declare const MultiProvider: typeof apn.MultiProvider
export type MultiProvider = apn.MultiProvider
export declare const Notification: typeof apn.Notification
export type Notification = apn.Notification
export declare const Provider: typeof apn.Provider
export type Provider = apn.Provider
export declare const token: typeof apn.token

export type Aps = apn.Aps
export type ApsNotificationInterruptionLevel = apn.ApsNotificationInterruptionLevel
export type ApsSound = apn.ApsSound
export type BroadcastResponse = apn.BroadcastResponse
export type BroadcastResponseFailure = apn.BroadcastResponseFailure
export type ChannelAction = apn.ChannelAction
export type LogFunction = apn.LogFunction
export type MultiProviderOptions = apn.MultiProviderOptions
export type NotificationAlertOptions = apn.NotificationAlertOptions
export type NotificationHeaders = apn.NotificationHeaders
export type NotificationPushType = apn.NotificationPushType
export declare const ProviderError: typeof apn.ProviderError
export type ProviderError = apn.ProviderError
export type ProviderOptions = apn.ProviderOptions
export type ProviderToken = apn.ProviderToken
export type ResponseFailure = apn.ResponseFailure
export type ResponseSent = apn.ResponseSent
export type Responses<R, F> = apn.Responses<R, F>
export type Sendable = apn.Sendable
