import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { messageOf, UsageError } from './usage-error.js'

/** What the payload's options gave, by commander's names. */
export interface PayloadFlags {
  readonly payload?: string
  readonly alert?: string
  readonly title?: string
  readonly subtitle?: string
  readonly body?: string
  readonly badge?: string
  readonly sound?: string
  readonly category?: string
  readonly threadId?: string
  readonly contentAvailable?: boolean
  readonly mutableContent?: boolean
  readonly interruptionLevel?: string
  readonly relevanceScore?: string
  readonly targetContentId?: string
  readonly data?: readonly string[]
}

/** Adds the options that make a payload. */
export function addPayloadFlags(command: Command): Command {
  return command
    .option('--alert <text>', 'text of the alert')
    .option('--title <text>', 'title of the alert')
    .option('--subtitle <text>', 'subtitle of the alert')
    .option('--body <text>', 'body of the alert')
    .option('--badge <number>', 'number on the app icon; 0 removes it')
    .option('--sound <name>', 'sound to play, "default" for the usual one')
    .option('--category <name>', 'category of the notification (its actions)')
    .option('--thread-id <id>', 'groups notifications')
    .option('--content-available', 'background notification: wakes the app, shows nothing')
    .option('--mutable-content', "lets the app's extension change the notification")
    .option('--interruption-level <level>', 'passive, active, time-sensitive or critical')
    .option('--relevance-score <number>', 'from 0 to 1, for the summary')
    .option('--target-content-id <id>', 'window to bring forward')
    .option('--data <key=value...>', "the app's own keys beside aps; a value that is JSON is sent as such")
    .option('--payload <json|file|->', 'whole payload as JSON, in a file, or - for standard input')
}

/**
 * The payload that the options ask for. Those for single keys are added to `--payload` and win over it.
 *
 * @throws {UsageError} when there is nothing to send, or a value is not what it should be
 */
export function payloadFrom(flags: PayloadFlags): Record<string, unknown> {
  const payload = flags.payload === undefined ? {} : readPayload(flags.payload)
  const given = isRecord(payload['aps']) ? payload['aps'] : {}
  const aps = { ...given, ...apsFrom(flags, given) }
  const data = dataFrom(flags.data ?? [])
  if (Object.keys(aps).length === 0 && flags.payload === undefined) {
    throw new UsageError('nothing to send: give --alert, --title, --content-available, … or --payload')
  }
  // Only what concerns `aps` is touched: some push types have a payload without it.
  return Object.keys(aps).length === 0 ? { ...payload, ...data } : { ...payload, ...data, aps }
}

function apsFrom(flags: PayloadFlags, given: Record<string, unknown>): Record<string, unknown> {
  const aps: Record<string, unknown> = {
    alert: alertFrom(flags, given['alert']),
    badge: numberFrom('--badge', flags.badge, (badge) => Number.isInteger(badge) && badge >= 0),
    sound: flags.sound,
    category: flags.category,
    'thread-id': flags.threadId,
    'content-available': flags.contentAvailable === true ? 1 : undefined,
    'mutable-content': flags.mutableContent === true ? 1 : undefined,
    'interruption-level': interruptionLevelFrom(flags.interruptionLevel),
    'relevance-score': numberFrom('--relevance-score', flags.relevanceScore, (score) => score >= 0),
    'target-content-id': flags.targetContentId,
  }
  return Object.fromEntries(Object.entries(aps).filter(([, value]) => value !== undefined))
}

/** A text alone is sent as one; beside a title it is the body. */
function alertFrom(flags: PayloadFlags, given: unknown): unknown {
  const { alert, title, subtitle } = flags
  const body = flags.body ?? alert
  if (alert !== undefined && flags.body !== undefined)
    throw new UsageError('--alert and --body are the same text; give one')
  const parts = Object.entries({ title, subtitle, body }).filter(([, value]) => value !== undefined)
  if (parts.length === 0) return undefined
  if (parts.length === 1 && alert !== undefined && !isRecord(given)) return alert
  return { ...(isRecord(given) ? given : {}), ...Object.fromEntries(parts) }
}

const INTERRUPTION_LEVELS = ['passive', 'active', 'time-sensitive', 'critical']

function interruptionLevelFrom(level: string | undefined): string | undefined {
  if (level === undefined || INTERRUPTION_LEVELS.includes(level)) return level
  throw new UsageError(`--interruption-level is ${level}; it is one of ${INTERRUPTION_LEVELS.join(', ')}`)
}

function numberFrom(
  name: string,
  text: string | undefined,
  fits: (value: number) => boolean,
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || !fits(value)) {
    throw new UsageError(`${name} is ${text}; that is not a number it can be`)
  }
  return value
}

function dataFrom(pairs: readonly string[]): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = pair.slice(0, at)
    if (at < 1) throw new UsageError(`--data ${pair} is not KEY=VALUE`)
    if (key === 'aps')
      throw new UsageError('--data aps=…: the keys of aps have options of their own, or use --payload')
    data[key] = jsonOrText(pair.slice(at + 1))
  }
  return data
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const STANDARD_INPUT = 0

function readPayload(source: string): Record<string, unknown> {
  const isText = source.trimStart().startsWith('{')
  let text = source
  try {
    if (!isText) text = readFileSync(source === '-' ? STANDARD_INPUT : source, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read --payload: ${messageOf(error)}`)
  }
  let payload: unknown
  try {
    payload = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--payload${isText ? '' : ` ${source}`} is not JSON: ${messageOf(error)}`)
  }
  if (!isRecord(payload))
    throw new UsageError('--payload is not a JSON object, such as {"aps":{"alert":"Hello"}}')
  return payload
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
