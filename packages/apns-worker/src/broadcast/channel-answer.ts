import type { StoragePolicy } from './channel.js'
import type { ChannelAnswer, ChannelRequest } from './channel-call.js'
import { ChannelError } from './channel-error.js'

/** The wire's number for each policy. */
const POLICIES: readonly StoragePolicy[] = ['none', 'latest']

export function policyNumber(policy: StoragePolicy): number {
  return POLICIES.indexOf(policy)
}

/** The policy in the answer to `read`. */
export function policyIn(body: Buffer): StoragePolicy | undefined {
  const policy = fieldIn(body, 'message-storage-policy')
  return typeof policy === 'number' ? POLICIES[policy] : undefined
}

/** The ids in the answer to `list`. */
export function idsIn(body: Buffer): string[] | undefined {
  const ids = fieldIn(body, 'channels')
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string') ? ids : undefined
}

function fieldIn(body: Buffer, name: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body.toString())
    const isObject = parsed !== null && typeof parsed === 'object'
    return isObject ? (parsed as Readonly<Record<string, unknown>>)[name] : undefined
  } catch {
    return undefined
  }
}

/** For a success that does not say what was asked. */
export function badAnswer(
  { operation, topic, channelId }: ChannelRequest,
  answer: ChannelAnswer,
): ChannelError {
  return new ChannelError({
    code: operation === 'create' ? 'unknown' : 'refused',
    operation,
    topic,
    channelId,
    requestId: answer.requestId,
    reason: 'BadAnswer',
    description: "The server's answer is none that Apple documents.",
    action: 'Check that environment names a host for channels, and its port.',
  })
}
