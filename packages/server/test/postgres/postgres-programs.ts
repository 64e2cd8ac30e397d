import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian puts each version's programs; few of them are in the path. */
const DEBIAN = '/usr/lib/postgresql'

const binaries = findBinaries()

/** Why tests that need PostgreSQL are skipped; false where it is installed, and in CI, where it has to be. */
export const POSTGRES_MISSING: string | false =
  binaries !== undefined || process.env['CI'] === 'true'
    ? false
    : 'PostgreSQL is not installed (apt-get install postgresql)'

/** @throws where PostgreSQL is not installed */
export function postgresProgram(name: 'initdb' | 'postgres' | 'pg_basebackup'): string {
  if (binaries === undefined) throw new Error('PostgreSQL is not installed (apt-get install postgresql)')
  return join(binaries, name)
}

/** A user, by id as `spawn` takes it, and by name; empty where programs run as who runs the tests. */
export interface RunAs {
  readonly user?: string
  readonly uid?: number
  readonly gid?: number
}

/** PostgreSQL and its pooler refuse to run as root. */
export function unprivileged(): RunAs {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    const idOf = (option: string): string => spawnSync('id', [option, user], { encoding: 'utf8' }).stdout
    const uid = Number.parseInt(idOf('-u'), 10)
    const gid = Number.parseInt(idOf('-g'), 10)
    if (uid > 0 && gid > 0) return { user, uid, gid }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody')
}

/** The folder of the newest version. */
function findBinaries(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Number.isInteger) : []
  const folders = [
    ...versions.toSorted((left, right) => right - left).map((version) => join(DEBIAN, `${version}`, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...configured(),
  ]
  return folders.find((folder) =>
    ['initdb', 'postgres', 'pg_basebackup'].every((name) => existsSync(join(folder, name))),
  )
}

function configured(): string[] {
  try {
    return [
      execFileSync('pg_config', ['--bindir'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim(),
    ]
  } catch {
    return []
  }
}
