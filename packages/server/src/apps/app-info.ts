import type { AppConfig } from '../config/server-config.js'
import type { AppInfo } from './app-registry.js'

/** What may be told of an app to whoever may use it. */
export function infoOf({ name, options }: AppConfig): AppInfo {
  const { environment = 'production', topic, key, keyPath, cert, certPath, pfx, pfxPath } = options
  const hasCertificate = [cert, certPath, pfx, pfxPath].some((value) => value !== undefined)
  const hasKey = key !== undefined || keyPath !== undefined
  return {
    name,
    topic: topic ?? name,
    environment:
      typeof environment === 'string' ? environment : `${environment.host}:${environment.port ?? 443}`,
    credentials: hasKey && !hasCertificate ? 'token' : 'certificate',
  }
}
