import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readConfig, type ServerConfig } from '@apns-worker/server'

export const DEPLOY: URL = new URL('../../../../deploy/', import.meta.url)

/** Where a server has its configuration in a container, as the container file's own command says. */
export const CONFIG_PATH = '/etc/apns-worker/apns-worker.yaml'
/** What is written down at the end of a stop, once the requests are through. */
export const AFTER_DRAIN_MS = 10_000

/** What somebody who deploys a server gives it. */
export interface DeployedServer {
  readonly environment: Readonly<Record<string, string>>
  /** By where it is in the container, its configuration among them. */
  readonly files: ReadonlyMap<string, string | Buffer>
}

/** The configuration that a deployed server has. Whatever is mounted has to be of use. */
export function deployedConfig({ environment, files }: DeployedServer): ServerConfig {
  const unread = new Set(files.keys())
  const readFile = (path: string): Buffer => {
    const content = files.get(path)
    if (content === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' })
    unread.delete(path)
    return Buffer.from(content)
  }
  const config = readConfig({ path: CONFIG_PATH, environment, readFile })
  assert.deepEqual([...unread], [], 'what is mounted, and not read')
  return config
}

export function deployFile(path: string): string {
  return readFileSync(new URL(path, DEPLOY), 'utf8')
}

/** A key such as those from Apple. */
export function providerTokenKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Whether an image is named as one that stays what it is. */
export function assertPinned(image: string): void {
  const [, tag] = /^[a-z0-9][a-z0-9./-]*:([\w.-]+)$/.exec(image) ?? []
  assert.ok(tag !== undefined && /\d/.test(tag), `${image} has a version`)
}

/** "45s", in milliseconds. */
export function secondsMs(text: string): number {
  const [, seconds] = /^(\d+)s$/.exec(text) ?? []
  assert.ok(seconds !== undefined, text)
  return Number(seconds) * 1000
}
