import { type Command, InvalidArgumentError, Option } from 'commander'
import type { DeviceLimit } from './delivery/delivery.js'
import type { Doubts } from './doubts.js'
import type { Latency } from './latency.js'
import { latency } from './schema/common-shapes.js'
import { DOUBTS } from './schema/doubts-shape.js'

/** What may be said on the command line. Those with a default are always there. */
export interface Flags {
  readonly host: string
  readonly port: number
  readonly environment: 'production' | 'sandbox'
  readonly topic?: readonly string[]
  readonly broadcastTopic?: readonly string[]
  readonly channelPort?: number
  readonly channelLimit: number
  readonly latency: Latency
  readonly unregistered: number
  readonly badToken: number
  readonly throttled: number
  readonly script?: string
  readonly rules?: string
  readonly seed: string
  readonly chaos?: string
  readonly chaosIntensity?: number
  readonly streamLimit: number
  readonly shrinkOnRefusal?: true
  readonly idleTimeout: number
  readonly refusalLimit: number
  readonly deviceLimit?: DeviceLimit
  readonly doubt?: Partial<Doubts>
  readonly journal?: string
  readonly gatewayPort?: number
  readonly feedbackPort: number
  readonly gatewayRules?: string
  readonly writeCredentials?: string
  readonly json?: true
}

/** Apple's alternative port; 443 needs privileges. */
const DEFAULT_PORT = 2197
/** Apple's, for one app. */
const DEFAULT_CHANNEL_LIMIT = 10_000
/** Apple's port of the retired feedback service. */
const DEFAULT_FEEDBACK_PORT = 2196
/** `uniform:0.01,0.2`: a distribution and its two numbers. */
const DISTRIBUTION = /^(uniform|normal|log-normal):([^,]+),([^,]+)$/

/** Adds the options to the command. */
export function defineFlags(program: Command): Command {
  return program
    .option(
      '--script <file>',
      'a script, YAML or JSON: anything below and much more. A flag has the last word',
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', parseNumber, DEFAULT_PORT)
    .addOption(
      new Option('--environment <name>', "which of Apple's environments to be")
        .choices(['production', 'sandbox'])
        .default('production'),
    )
    .option('--topic <bundle-id...>', 'bundle ids that exist (default: all)')
    .option('--broadcast-topic <bundle-id...>', 'bundle ids that may broadcast (default: all)')
    .option('--channel-port <number>', 'port for requests about channels (default: a free one)', parseNumber)
    .option('--channel-limit <number>', 'channels that an app may have', parseNumber, DEFAULT_CHANNEL_LIMIT)
    .option(
      '--latency <seconds>',
      'time before every answer, or uniform:LEAST,MOST, normal:MEAN,DEVIATION, log-normal:MEDIAN,SIGMA',
      parseLatency,
      0,
    )
    .option('--unregistered <share>', 'share of tokens that are dead: 0.01 or 1%', parseShare, 0)
    .option('--bad-token <share>', 'share of tokens that are bad', parseShare, 0)
    .option('--throttled <share>', 'share of tokens answered 429 once', parseShare, 0)
    .option('--rules <file>', 'further scripted replies: a JSON array of rules')
    .option('--chaos <seed>', 'misbehave at random for the whole run')
    .option('--chaos-intensity <share>', 'how much: 0 to 1 (default: 0.5)', parseShare)
    .option('--seed <text>', 'decides what is left to chance, such as the tokens that shares fall on', '1')
    .option('--stream-limit <number>', 'streams that a client may have open', parseNumber, 1000)
    .option('--shrink-on-refusal', 'lower the stream limit to 1 after a refusal, until the next success')
    .option('--idle-timeout <seconds>', 'close idle connections; 0: never', parseNumber, 0)
    .option('--refusal-limit <number>', 'close a connection after so many refusals; 0: never', parseNumber, 0)
    .option(
      '--device-limit <number/seconds>',
      'answer 429 to a device token that gets more in that time: 5/60 (default: no limit)',
      parseDeviceLimit,
    )
    .option(
      '--doubt <name=value>',
      "decide what Apple's pages leave open, such as missingPushType=InvalidPushType; may be repeated",
      parseDoubt,
    )
    .option('--journal <file>', 'write what became of each request there, one JSON object a line')
    .option(
      '--gateway-port <number>',
      'be the retired binary gateway, too, on this port (was 2195)',
      parseNumber,
    )
    .option('--feedback-port <number>', 'port of its feedback service', parseNumber, DEFAULT_FEEDBACK_PORT)
    .option('--gateway-rules <file>', 'its scripted replies: a JSON array of gateway rules')
    .option('--write-credentials <directory>', 'write CA, key and client certificate there')
    .option('--json', 'print what is received, one JSON object a line')
}

function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('Not a number from 0 up.')
  return value
}

function parseShare(text: string): number {
  const value = text.endsWith('%') ? parseNumber(text.slice(0, -1)) / 100 : parseNumber(text)
  if (value > 1) throw new InvalidArgumentError('Not a share from 0 to 1 or 0% to 100%.')
  return value
}

function parseDeviceLimit(text: string): DeviceLimit {
  const [count = '', per = '', ...rest] = text.split('/')
  if (rest.length > 0) throw new InvalidArgumentError('Not like 5/60.')
  return { count: parseNumber(count), per: parseNumber(per) }
}

/** One more decision. */
function parseDoubt(text: string, before: Partial<Doubts> = {}): Partial<Doubts> {
  const [name = '', ...rest] = text.split('=')
  const value = rest.join('=')
  try {
    return {
      ...before,
      ...DOUBTS.read({ [name]: name === 'tokenOnlyTypes' ? value.split(',') : plain(value) }, ''),
    }
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

/** A number, a truth value, or text. */
function plain(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true'
  return value.trim() === '' || Number.isNaN(Number(value)) ? value : Number(value)
}

function parseLatency(text: string): Latency {
  const [, name, ...numbers] = DISTRIBUTION.exec(text) ?? []
  if (name === undefined) return parseNumber(text)
  const [first = 0, second = 0] = numbers.map(parseNumber)
  const distributions: Readonly<Record<string, object>> = {
    uniform: { uniform: [first, second] },
    normal: { normal: { mean: first, deviation: second } },
    'log-normal': { logNormal: { median: first, sigma: second } },
  }
  try {
    return latency.read(distributions[name], '')
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}
