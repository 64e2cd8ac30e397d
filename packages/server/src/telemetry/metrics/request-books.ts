import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Exposition } from './exposition.js'
import { WeightedHistogram } from './weighted-histogram.js'

/** Seconds; those that OpenTelemetry recommends for `http.server.request.duration`. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const OTHER = 'other'

interface Series {
  readonly attributes: {
    readonly http_request_method: string
    readonly http_route: string
    readonly http_response_status_code: string
  }
  readonly durations: WeightedHistogram
}

/** Counts the API's requests by route: the pattern, never the path, which has ids in it. */
export class RequestBooks {
  readonly #series = new Map<string, Series>()

  count({ method, routeOptions, is404 }: FastifyRequest, { statusCode, elapsedTime }: FastifyReply): void {
    const route = is404 ? OTHER : (routeOptions.url ?? OTHER)
    const verb = METHODS.has(method) ? method : OTHER
    const key = `${verb} ${route} ${statusCode}`
    let series = this.#series.get(key)
    if (series === undefined) {
      const attributes = {
        http_request_method: verb,
        http_route: route,
        http_response_status_code: String(statusCode),
      }
      series = { attributes, durations: new WeightedHistogram(BOUNDARIES) }
      this.#series.set(key, series)
    }
    series.durations.record(elapsedTime / 1000)
  }

  writeTo(exposition: Exposition): void {
    for (const { attributes, durations } of this.#series.values()) {
      exposition.setHistogram('http_server_request_duration_seconds', durations.snapshot(), attributes)
    }
  }
}
