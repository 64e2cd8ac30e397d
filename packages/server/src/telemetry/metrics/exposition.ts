import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import { METRICS, type MetricName } from './catalog.js'

/** Prometheus puts its own time to what it scrapes. */
const NO_TIME: HrTime = [0, 0]
const SCOPE = { name: 'apns-worker' }

/**
 * What one scrape says: data of OpenTelemetry's model, written by its Prometheus serializer.
 *
 * Each scrape is put together anew, and not by observable instruments: their attributes, once seen, are reported for as long as
 * the process lives, so that an app that was paused for a reason would stay so on every dashboard.
 */
export class Exposition {
  readonly #points = new Map<MetricName, DataPoint<number>[]>()
  readonly #histograms = new Map<MetricName, DataPoint<Histogram>[]>()

  /** A value that is undefined or NaN is left out. */
  set(name: MetricName, value: number | undefined, attributes: Attributes = {}): void {
    if (value === undefined || Number.isNaN(value)) return
    pushTo(this.#points, name, point(value, attributes))
  }

  setHistogram(name: MetricName, value: Histogram, attributes: Attributes): void {
    pushTo(this.#histograms, name, point(value, attributes))
  }

  toString(): string {
    const metrics: MetricData[] = []
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const data = this.#data(name)
      if (data.dataPoints.length > 0) metrics.push(data)
    }
    const resource = processResource()
    return new PrometheusSerializer(undefined, false, undefined, false, true).serialize({
      resource,
      scopeMetrics: [{ scope: SCOPE, metrics }],
    })
  }

  #data(name: MetricName): MetricData {
    const { kind, help } = METRICS[name]
    const base = {
      descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    }
    switch (kind) {
      case 'counter':
        return {
          ...base,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: this.#points.get(name) ?? [],
        }
      case 'gauge':
        return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: this.#points.get(name) ?? [] }
      case 'histogram':
        return {
          ...base,
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints: this.#histograms.get(name) ?? [],
        }
      default:
        return kind satisfies never
    }
  }
}

/** Who this is: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` of the process have the last word. */
export function processResource(): Resource {
  const own = resourceFromAttributes({ 'service.name': 'apns-worker' })
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
}

function point<T>(value: T, attributes: Attributes): DataPoint<T> {
  return { startTime: NO_TIME, endTime: NO_TIME, attributes, value }
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
