import { createHash } from 'node:crypto'
import type { OutboxFile } from './config-file.js'
import type { Problems } from './problems.js'
import type { ContentReader } from './secret-content.js'
import type { PostgresOutboxConfig } from './server-config.js'
import type { SettingPath } from './source-tree.js'

const SCHEME = /^postgres(?:ql)?:$/
/** For messages: what to write. */
export const DATABASE_URL: string = 'postgres://user:password@host:port/database'

/** An owner's name, as `config-schema.ts` has it. */
const MAX_OWNER = 64
const NOT_IN_OWNER = /[^A-Za-z0-9._-]/g
/** Of the whole name, where it is too long to be kept. */
const DIGEST_DIGITS = 12

/** @returns undefined when there is a problem */
export function outboxFrom(
  outbox: OutboxFile,
  contents: ContentReader,
  problems: Problems,
): PostgresOutboxConfig | undefined {
  const path: SettingPath = ['outbox']
  const { failoverUrls = [], maxConnections, statementTimeout, connectTimeout } = outbox
  const url = contents.line(path, 'url', outbox)
  const ca = contents.certificates(path, 'ca', outbox)
  if (url === undefined) {
    if (!problems.has(path)) problems.add([...path, 'url'], `is missing; give ${DATABASE_URL}`)
  } else check(url, [...path, outbox.url === undefined ? 'urlPath' : 'url'], problems)
  for (const [index, each] of failoverUrls.entries()) check(each, [...path, 'failoverUrls', index], problems)
  if (problems.has(path) || url === undefined) return undefined
  return {
    url,
    failoverUrls,
    ca,
    maxConnections,
    statementTimeoutMs: Math.round(statementTimeout * 1000),
    connectTimeoutMs: Math.round(connectTimeout * 1000),
  }
}

/** A host may also be a socket's folder, in a parameter of this name. */
function check(url: string, path: SettingPath, problems: Problems): void {
  if (!URL.canParse(url)) {
    problems.add(
      path,
      `is no URL; give ${DATABASE_URL}, with what is special in the password as % and two hexadecimal digits`,
    )
    return
  }
  const { protocol, hostname, searchParams } = new URL(url)
  if (!SCHEME.test(protocol)) problems.add(path, `is for no PostgreSQL; give ${DATABASE_URL}`)
  else if (hostname === '' && !searchParams.has('host'))
    problems.add(path, `names no host; give ${DATABASE_URL}`)
}

/** The name of a worker on this host: the host's, with what no name may have replaced. */
export function ownerOnHost(hostName: string): string {
  const name = hostName.replaceAll(NOT_IN_OWNER, '-')
  if (name === '') return 'worker'
  if (name.length <= MAX_OWNER) return name
  // Two hosts with one name would take each other's batches away.
  const digest = createHash('sha256').update(hostName).digest('hex').slice(0, DIGEST_DIGITS)
  return `${name.slice(0, MAX_OWNER - DIGEST_DIGITS - 1)}-${digest}`
}
