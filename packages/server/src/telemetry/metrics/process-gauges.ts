import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Exposition } from './exposition.js'

/** How often the event loop's delay is looked at: 50 wake-ups a second. */
const RESOLUTION_MS = 20
const NANOSECONDS = 1e9

/** How the process itself is. The delays are of the time since the last scrape. */
export class ProcessGauges implements Disposable {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #utilization = performance.eventLoopUtilization()

  constructor() {
    this.#delay.enable()
  }

  writeTo(exposition: Exposition): void {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    exposition.set('process_cpu_seconds_total', (user + system) / 1e6)
    exposition.set('process_resident_memory_bytes', rss)
    exposition.set('process_start_time_seconds', performance.timeOrigin / 1000)
    exposition.set('nodejs_heap_used_bytes', heapUsed)
    // All zero where it was looked at less than once since.
    exposition.set('nodejs_eventloop_delay_p50_seconds', this.#delayOf(50))
    exposition.set('nodejs_eventloop_delay_p99_seconds', this.#delayOf(99))
    exposition.set('nodejs_eventloop_delay_max_seconds', late(this.#delay.max))
    this.#delay.reset()
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization)
    exposition.set('nodejs_eventloop_utilization_ratio', utilization)
    this.#utilization = now
  }

  [Symbol.dispose](): void {
    this.#delay.disable()
  }

  #delayOf(percentile: number): number {
    return late(this.#delay.percentile(percentile))
  }
}

/** It measures the time between two looks, of which the resolution is no delay. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000)
}
