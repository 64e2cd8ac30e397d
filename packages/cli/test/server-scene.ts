import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Simulator, writeCredentials } from '@apns-worker/simulator'
import type { ApiClient } from '#src/api-client.js'
import { MAIN, type Running, start, temporaryDirectory } from './command.js'

export const TOPIC = 'com.example.app'
const LOOK_EVERY_MS = 10

/** A folder with a configuration. */
export interface Place {
  readonly folder: string
  readonly configPath: string
  write(changes?: Readonly<Record<string, unknown>>): void
}

/** A configuration with the simulator as Apple. */
export async function place(simulator: Simulator): Promise<Place> {
  const folder = temporaryDirectory()
  const configPath = join(folder, 'server.yaml')
  const files = await writeCredentials(simulator, join(folder, 'credentials'), [TOPIC])
  const { caPath, keyPath, keyId, teamId } = files
  const { host, port } = simulator
  const app = { name: 'news', topic: TOPIC, environment: { host, port, caPath }, keyPath, keyId, teamId }
  return {
    folder,
    configPath,
    write: (changes = {}) => {
      const config = {
        listen: '127.0.0.1:0',
        store: { path: join(folder, 'store.db'), durability: 'crash' },
        apps: [app],
        worker: { lease: 60, windowTokens: 1000 },
        drainTimeout: 10,
        readyFile: join(folder, 'ready'),
        ...changes,
      }
      // JSON is YAML.
      writeFileSync(configPath, JSON.stringify(config))
    },
  }
}

/** @returns its address, once it listens */
export async function addressOf(running: Running): Promise<string> {
  await running.saysOnStdout('"listening on ')
  return /"listening on ([^"]+)"/.exec(running.stdout())?.[1] ?? ''
}

export function serve(configPath: string, env: NodeJS.ProcessEnv = {}): Running {
  return start(MAIN, ['serve', '--config', configPath], env)
}

/** Asks until it is so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(LOOK_EVERY_MS)
}

/** Sends to the app of {@link place}, and gives the message's id. */
export async function sendTo(api: ApiClient, tokens: readonly string[]): Promise<string> {
  const { id } = await api.post('/v1/messages', { app: 'news', tokens, payload: { aps: { alert: 'hi' } } })
  return String(id)
}
