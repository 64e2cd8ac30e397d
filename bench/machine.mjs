import { cpus, release, totalmem, type } from 'node:os'
import { h2loadVersion } from './h2load.mjs'
import { dependencies } from './install.mjs'
import { CLIENT_CORE, pinned, SINK_CORE } from './processes.mjs'

/** Where and with what the figures were made. */
export function describeMachine() {
  const cores = cpus()
  const { node, openssl, nghttp2 } = process.versions
  return {
    processor: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    boundTo: pinned ? { client: CLIENT_CORE, sink: SINK_CORE } : undefined,
    versions: {
      node,
      openssl,
      nghttp2,
      h2load: h2loadVersion() ?? 'not installed',
      ...dependencies,
    },
  }
}

/** @param {ReturnType<typeof describeMachine>} machine */
export function machineLines(machine) {
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`
  const { boundTo } = machine
  const cores =
    boundTo === undefined
      ? 'client and sink not bound to cores'
      : `client bound to core ${boundTo.client}, sink to core ${boundTo.sink}`
  return [
    `${machine.processor}, ${machine.cores} cores, ${memory}, ${machine.system}; ${cores}`,
    Object.entries(machine.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ]
}
