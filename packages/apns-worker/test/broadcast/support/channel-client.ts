import { rejects } from 'node:assert/strict'
import {
  ChannelError,
  ChannelManager,
  type ChannelManagerOptions,
  type ChannelOperation,
  type CredentialOptions,
  type CustomEnvironment,
} from 'apns-worker'
import { TOPIC } from '../../support/sender.js'
import { PROVIDER_KEY } from '../../support/test-identity.js'

export const OPERATIONS: readonly ChannelOperation[] = ['create', 'read', 'list', 'delete']

/** A manager that does not wait long before it tries again. */
export function managerFor(
  {
    environment,
    credentials = PROVIDER_KEY,
  }: {
    readonly environment: CustomEnvironment
    readonly credentials?: CredentialOptions
  },
  options: ChannelManagerOptions = {},
): ChannelManager {
  const quick = { retryDelay: 0.01, maxRetryDelay: 0.02 }
  return new ChannelManager({ ...credentials, environment, topic: TOPIC, ...quick, ...options })
}

/** A server that is no simulator: its only port is the one for channels. */
export function onlyChannels({ environment }: { readonly environment: CustomEnvironment }): {
  readonly environment: CustomEnvironment
} {
  return { environment: { ...environment, channelPort: environment.port } }
}

/** Whatever the operation; of a channel that may be there or not. */
export function ask(channels: ChannelManager, operation: ChannelOperation, id = 'AAAA'): Promise<unknown> {
  switch (operation) {
    case 'create':
      return channels.create({ storagePolicy: 'none' })
    case 'read':
      return channels.read(id)
    case 'delete':
      return channels.delete(id)
    case 'list':
      return channels.list()
    default:
      return operation satisfies never
  }
}

/** What it is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<ChannelError> {
  const rejected: ChannelError[] = []
  await rejects(promise, (error) => {
    if (error instanceof ChannelError) rejected.push(error)
    return rejected.length > 0
  })
  const [error] = rejected
  if (error === undefined) throw new Error('unreachable')
  return error
}
