// Feeds an OpenTelemetry meter from a manager. Copy it and cut it to your needs; opentelemetry.mjs shows it at work.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { channels } from 'apns-worker'

const OUTCOMES = ['accepted', 'refused', 'expired', 'unknown', 'cancelled']
const STATES = ['connecting', 'probing', 'open', 'draining']
/** Apple answers within tens of milliseconds, as a rule; OpenTelemetry's own buckets are for milliseconds. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 20]

/**
 * @param {import('apns-worker').ApnsManager} apns
 * @param {import('@opentelemetry/api').Meter} meter `metrics.getMeter('apns-worker')`
 * @returns a function that ends it
 */
export function observe(apns, meter) {
  const manager = apns.name
  const counter = (name) => meter.createObservableCounter(name)
  const gauge = (name, unit = '') => meter.createObservableGauge(name, { unit })
  const notifications = counter('apns.notifications')
  const sent = counter('apns.requests.sent')
  const refusals = counter('apns.refusals')
  const retries = counter('apns.retries')
  const opened = counter('apns.connections.opened')
  const failed = counter('apns.connections.failed')
  const queued = gauge('apns.queue.notifications')
  const lag = gauge('apns.queue.lag', 's')
  const connections = gauge('apns.connections')
  const streams = gauge('apns.streams')
  const allowed = gauge('apns.streams.allowed')
  const paused = gauge('apns.paused')

  // One snapshot for all of them, when somebody collects: between that they cost nothing.
  const read = (result) => {
    const stats = apns.stats()
    const { traffic } = stats
    for (const outcome of OUTCOMES) result.observe(notifications, stats[outcome], { manager, outcome })
    result.observe(sent, traffic.sent, { manager })
    for (const [reason, count] of Object.entries(traffic.reasons))
      result.observe(refusals, count, { manager, reason })
    result.observe(retries, stats.retried, { manager })
    result.observe(opened, traffic.connectionsOpened, { manager })
    result.observe(failed, traffic.connectionsFailed, { manager })
    result.observe(queued, stats.queued, { manager, state: 'queued' })
    result.observe(queued, stats.inFlight, { manager, state: 'in flight' })
    result.observe(lag, stats.lag, { manager })
    for (const state of STATES) {
      const count = traffic.connections.filter((connection) => connection.state === state).length
      result.observe(connections, count, { manager, state })
    }
    result.observe(streams, sum(traffic.connections, 'streams'), { manager })
    const limit = sum(traffic.connections, 'streamLimit')
    if (Number.isFinite(limit)) result.observe(allowed, limit, { manager })
    result.observe(paused, stats.paused ? 1 : 0, { manager })
  }
  const instruments = [
    ...[notifications, sent, refusals, retries, opened, failed],
    ...[queued, lag, connections, streams, allowed, paused],
  ]
  meter.addBatchObservableCallback(read, instruments)

  const durations = meter.createHistogram('apns.request.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS },
  })
  // Channels belong to the process: other managers publish on them too.
  const answered = (event) => {
    if (event.manager !== manager || event.duration === undefined) return
    durations.record(event.duration, { manager, status: event.httpStatus })
  }
  subscribe(channels.requestAnswered, answered)

  return () => {
    meter.removeBatchObservableCallback(read, instruments)
    unsubscribe(channels.requestAnswered, answered)
  }
}

function sum(connections, field) {
  return connections.reduce((total, connection) => total + connection[field], 0)
}
