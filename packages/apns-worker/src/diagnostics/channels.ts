import { channel } from 'node:diagnostics_channel'
import type * as events from './events.js'

/**
 * The names of the channels on which the library tells what it does, for `subscribe` of `node:diagnostics_channel`. They
 * are this process's: every manager publishes on them, and each event names its manager.
 *
 * A channel that nobody subscribes to costs nothing. What a subscriber throws does not break sending: Node reports it as
 * an uncaught exception of its own.
 */
export const channels = {
  connectionOpened: 'apns-worker:connection:opened',
  connectionClosed: 'apns-worker:connection:closed',
  goAway: 'apns-worker:connection:goaway',
  streamLimit: 'apns-worker:connection:stream-limit',
  requestSent: 'apns-worker:request:sent',
  requestAnswered: 'apns-worker:request:answered',
  requestUnanswered: 'apns-worker:request:unanswered',
  notificationRetry: 'apns-worker:notification:retry',
  notificationSettled: 'apns-worker:notification:settled',
  providerTokenRenewed: 'apns-worker:provider-token:renewed',
  sendingPaused: 'apns-worker:sending:paused',
  sendingResumed: 'apns-worker:sending:resumed',
  feedbackReceived: 'apns-worker:feedback:received',
  channelRequestSettled: 'apns-worker:channel-request:settled',
} as const

/** What is published on each channel, by the channel's name. */
export interface ChannelEvents {
  'apns-worker:connection:opened': events.ConnectionOpenedEvent
  'apns-worker:connection:closed': events.ConnectionClosedEvent
  'apns-worker:connection:goaway': events.GoAwayEvent
  'apns-worker:connection:stream-limit': events.StreamLimitEvent
  'apns-worker:request:sent': events.RequestSentEvent
  'apns-worker:request:answered': events.RequestAnsweredEvent
  'apns-worker:request:unanswered': events.RequestUnansweredEvent
  'apns-worker:notification:retry': events.NotificationRetryEvent
  'apns-worker:notification:settled': events.NotificationSettledEvent
  'apns-worker:provider-token:renewed': events.ProviderTokenRenewedEvent
  'apns-worker:sending:paused': events.SendingPausedEvent
  'apns-worker:sending:resumed': events.SendingResumedEvent
  'apns-worker:feedback:received': events.FeedbackReceivedEvent
  'apns-worker:channel-request:settled': events.ChannelRequestSettledEvent
}

/** A channel of Node's, for one kind of event. Making an event for nobody is a waste: look at `hasSubscribers` first. */
interface EventChannel<E> {
  readonly hasSubscribers: boolean
  publish(event: E): void
}

function open<N extends keyof ChannelEvents>(name: N): EventChannel<ChannelEvents[N]> {
  return channel(name)
}

export const connectionOpened: EventChannel<events.ConnectionOpenedEvent> = open(channels.connectionOpened)
export const connectionClosed: EventChannel<events.ConnectionClosedEvent> = open(channels.connectionClosed)
export const goAway: EventChannel<events.GoAwayEvent> = open(channels.goAway)
export const streamLimit: EventChannel<events.StreamLimitEvent> = open(channels.streamLimit)
export const requestSent: EventChannel<events.RequestSentEvent> = open(channels.requestSent)
export const requestAnswered: EventChannel<events.RequestAnsweredEvent> = open(channels.requestAnswered)
export const requestUnanswered: EventChannel<events.RequestUnansweredEvent> = open(channels.requestUnanswered)
export const notificationRetry: EventChannel<events.NotificationRetryEvent> = open(channels.notificationRetry)
export const notificationSettled: EventChannel<events.NotificationSettledEvent> = open(
  channels.notificationSettled,
)
export const providerTokenRenewed: EventChannel<events.ProviderTokenRenewedEvent> = open(
  channels.providerTokenRenewed,
)
export const sendingPaused: EventChannel<events.SendingPausedEvent> = open(channels.sendingPaused)
export const sendingResumed: EventChannel<events.SendingResumedEvent> = open(channels.sendingResumed)
export const feedbackReceived: EventChannel<events.FeedbackReceivedEvent> = open(channels.feedbackReceived)
export const channelRequestSettled: EventChannel<events.ChannelRequestSettledEvent> = open(
  channels.channelRequestSettled,
)
