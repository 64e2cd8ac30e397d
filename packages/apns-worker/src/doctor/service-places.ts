import { PROVIDER_API, providerApi, type ServiceHosts } from '../backend/environment.js'
import { BROADCAST_API, CHANNEL_HOSTS } from '../broadcast/hosts.js'
import type { CheckedServer, DoctorService } from './diagnosis.js'
import type { DoctorServer } from './doctor.js'

/** Where one of Apple's services is. */
export type ServicePlace = Pick<CheckedServer, 'name' | 'service' | 'host' | 'port'>

const HOSTS: Readonly<Record<DoctorService, ServiceHosts>> = {
  notifications: PROVIDER_API,
  broadcasts: BROADCAST_API,
  channels: CHANNEL_HOSTS,
}

/**
 * Where the services of a server are. One that is none of Apple's has broadcasts where it has notifications, and channels
 * where it says.
 *
 * @throws {TypeError} for a server that is nowhere
 */
export function placesOf(server: DoctorServer, broadcasts: boolean): ServicePlace[] {
  const { environment, host } = server
  const services: readonly DoctorService[] = broadcasts
    ? ['notifications', 'broadcasts', 'channels']
    : ['notifications']
  if (host !== undefined) return services.flatMap((service) => placeAt(host, service, server))
  if (environment === undefined) throw new TypeError('a server has neither host nor environment; give one')
  return services.map((service) => {
    const apples = HOSTS[service][environment]
    const isPlain = service === 'notifications'
    const { port } = isPlain ? providerApi({ host: apples.host, port: server.port }) : apples
    return { name: isPlain ? environment : `${environment} ${service}`, service, host: apples.host, port }
  })
}

function placeAt(host: string, service: DoctorService, server: DoctorServer): ServicePlace[] {
  const port = service === 'channels' ? server.channelPort : providerApi({ host, port: server.port }).port
  if (port === undefined) return []
  const name = `${host}:${port}`
  return [{ name: service === 'notifications' ? name : `${service} at ${name}`, service, host, port }]
}
