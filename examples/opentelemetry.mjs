// Metrics for OpenTelemetry: the SDK collects them here in memory, and elsewhere sends them to your collector.

import { startSimulator } from '@apns-worker/simulator'
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { ApnsManager } from 'apns-worker'
import { observe } from './opentelemetry-metrics.mjs'

// An APNs on this machine, so that this program runs as it is. Some of its devices are gone, and once it is busy.
const simulator = await startSimulator({
  rules: [
    { tokenPrefix: 'dead', unregistered: true },
    { times: 1, status: 503, reason: 'ServiceUnavailable' },
  ],
})

// With the OTLP exporter of your choice in place of this one, this is all that there is to set up.
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
metrics.setGlobalMeterProvider(provider)

const apns = new ApnsManager({
  ...simulator.credentials,
  environment: simulator.environment,
  topic: 'com.example.app',
  retryDelay: 0.1,
  name: 'example',
})
const stop = observe(apns, metrics.getMeter('apns-worker'))

const alive = Array.from({ length: 97 }, (_, index) => index.toString(16).padStart(64, '0'))
const gone = Array.from({ length: 3 }, (_, index) => `dead${index.toString(16).padStart(60, '0')}`)
await apns.sendAps([...alive, ...gone], { alert: 'Hello' }).done()

await provider.forceFlush()
for (const { descriptor, dataPoints } of exporter.getMetrics().at(-1).scopeMetrics[0].metrics) {
  for (const { attributes, value } of dataPoints) {
    const { manager, ...others } = attributes
    const shown = typeof value === 'number' ? value : `${value.count} times`
    console.log(`${String(manager)}: ${[descriptor.name, ...Object.values(others), shown].join(' ')}`)
  }
}

stop()
await provider.shutdown()
await apns.close()
await simulator.close()
