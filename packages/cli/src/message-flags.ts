import { type MessageOptions, PUSH_TYPES, type PushType } from 'apns-worker'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseExpiration } from './expiration.js'

/** What the options of a message gave, beside its payload, by commander's names. */
export interface MessageFlags {
  /** The bundle id that the push type's suffix is added to, or the whole topic. */
  readonly topic?: string
  readonly pushType?: PushType
  readonly priority?: number
  readonly expiration?: string
  readonly collapseId?: string
}

/** Adds the options of a message, beside its payload. */
export function addMessageFlags(command: Command): Command {
  return command
    .option('--topic <topic>', "the app's bundle id, with the push type's suffix where it has one")
    .addOption(
      new Option('--push-type <type>', 'default: told from the payload and topic').choices(
        Object.keys(PUSH_TYPES),
      ),
    )
    .option('--priority <number>', '10 at once, 5 with regard to the battery, 1 battery first', parsePriority)
    .option('--expiration <time>', 'Unix seconds, a date, or from now: +30m, +7d; 0: a single attempt')
    .option('--collapse-id <id>', 'replaces the earlier notification with this id')
}

/**
 * The options for a message; the topic is the manager's, which adds the push type's suffix.
 *
 * @throws {UsageError} for an expiration that is none
 */
export function messageOptionsFrom(flags: MessageFlags): MessageOptions {
  const { priority, pushType, collapseId, expiration } = flags
  return {
    priority,
    pushType,
    collapseId,
    expiration: expiration === undefined ? undefined : parseExpiration(expiration, Date.now()),
  }
}

function parsePriority(text: string): number {
  if (['10', '5', '1'].includes(text)) return Number(text)
  throw new InvalidArgumentError('It is 10, 5 or 1.')
}
