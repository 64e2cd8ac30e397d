#!/usr/bin/env node
/** `apns-simulator`: the simulator from the shell. */
import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { addressesOf, type CredentialFiles, writeCredentials } from './credential-files.js'
import type { GatewayOptions } from './gateway/options.js'
import type { GatewayRule } from './gateway/rule.js'
import type { SimulatorOptions } from './options.js'
import type { Rule } from './rule.js'
import { type Simulator, startSimulator } from './simulator.js'

interface Flags {
  readonly host: string
  readonly port: number
  readonly environment: 'production' | 'sandbox'
  readonly topic?: readonly string[]
  readonly latency: number
  readonly unregistered: number
  readonly badToken: number
  readonly throttled: number
  readonly rules?: string
  readonly seed: string
  readonly streamLimit: number
  readonly shrinkOnRefusal?: true
  readonly idleTimeout: number
  readonly gatewayPort?: number
  readonly feedbackPort: number
  readonly gatewayRules?: string
  readonly writeCredentials?: string
  readonly json?: true
}

const EXAMPLE_TOPIC = 'com.example.app'
/** What a throttled token is told to wait, in seconds. */
const RETRY_AFTER = 1
/** Apple's alternative port; 443 needs privileges. */
const DEFAULT_PORT = 2197
/** Apple's port of the retired feedback service. */
const DEFAULT_FEEDBACK_PORT = 2196

const program = new Command('apns-simulator')
  .description('A local APNs: the HTTP/2 provider API, for tests and demos. Durations are in seconds.')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 takes a free one', parseNumber, DEFAULT_PORT)
  .addOption(
    new Option('--environment <name>', "which of Apple's environments to be")
      .choices(['production', 'sandbox'])
      .default('production'),
  )
  .option('--topic <bundle-id...>', 'bundle ids that exist (default: all)')
  .option('--latency <seconds>', 'time before every answer', parseNumber, 0)
  .option('--unregistered <share>', 'share of tokens that are dead: 0.01 or 1%', parseShare, 0)
  .option('--bad-token <share>', 'share of tokens that are bad', parseShare, 0)
  .option('--throttled <share>', 'share of tokens answered 429 once', parseShare, 0)
  .option('--rules <file>', 'further scripted replies: a JSON array of rules')
  .option('--seed <text>', 'chooses the tokens that the shares fall on', '1')
  .option('--stream-limit <number>', 'streams that a client may have open', parseNumber, 1000)
  .option('--shrink-on-refusal', 'lower the stream limit to 1 after a refusal, until the next success')
  .option('--idle-timeout <seconds>', 'close idle connections; 0: never', parseNumber, 0)
  .option(
    '--gateway-port <number>',
    'be the retired binary gateway, too, on this port (was 2195)',
    parseNumber,
  )
  .option('--feedback-port <number>', 'port of its feedback service', parseNumber, DEFAULT_FEEDBACK_PORT)
  .option('--gateway-rules <file>', 'its scripted replies: a JSON array of gateway rules')
  .option('--write-credentials <directory>', 'write CA, key and client certificate there')
  .option('--json', 'print what is received, one JSON object a line')
  .action(run)

await program.parseAsync()

async function run(flags: Flags): Promise<void> {
  const apns = await start(flags)
  endOnSignal(apns)
  const files = await credentialFiles(apns, flags)
  console.log(
    flags.json ? JSON.stringify({ listening: listening(apns, files) }) : greeting(apns, flags, files),
  )
}

/** Ends on a signal, and when whoever read the lines has gone, as in `apns-simulator --json | head`. */
function endOnSignal(apns: Simulator): void {
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    const { received, accepted, refused } = apns.counts()
    console.error(`apns-simulator: ${received} received, ${accepted} accepted, ${refused} refused`)
    void apns.close().then(() => process.off('SIGINT', end).off('SIGTERM', end))
  }
  process.on('SIGINT', end).on('SIGTERM', end)
  process.stdout.on('error', end)
}

async function credentialFiles(apns: Simulator, flags: Flags): Promise<CredentialFiles | undefined> {
  if (flags.writeCredentials === undefined) return undefined
  try {
    return await writeCredentials(apns, flags.writeCredentials, flags.topic ?? [EXAMPLE_TOPIC])
  } catch (error) {
    return program.error(`apns-simulator: cannot write credentials: ${messageOf(error)}`)
  }
}

async function start(flags: Flags): Promise<Simulator> {
  const { host, port, environment, topic, latency, seed, streamLimit, idleTimeout } = flags
  const options: SimulatorOptions = {
    ...{ host, port, environment, latency, seed, streamLimit, idleTimeout },
    ...(topic === undefined ? {} : { topics: topic }),
    shrinkOnRefusal: flags.shrinkOnRefusal === true,
    rules: [...(await readRules<Rule>(flags.rules)), ...shareRules(flags)],
    ...(await gateway(flags)),
    record: false,
    onNotification: print(flags),
  }
  try {
    return await startSimulator(options)
  } catch (error) {
    return program.error(`apns-simulator: ${messageOf(error)}`)
  }
}

function shareRules(flags: Flags): Rule[] {
  const rules: Rule[] = [
    { share: flags.unregistered, unregistered: true },
    { share: flags.badToken, badDeviceToken: true },
    {
      share: flags.throttled,
      timesPerToken: 1,
      status: 429,
      reason: 'TooManyRequests',
      retryAfter: RETRY_AFTER,
    },
  ]
  return rules.filter(({ share }) => share !== 0)
}

async function gateway(flags: Flags): Promise<{ readonly gateway?: GatewayOptions }> {
  const { gatewayPort: port, feedbackPort, gatewayRules } = flags
  if (port === undefined) return {}
  const rules = await readRules<GatewayRule>(gatewayRules)
  return { gateway: { port, feedbackPort, rules, record: false, onNotification: print(flags) } }
}

function print(flags: Flags): (notification: object) => void {
  return (notification) => {
    if (flags.json) console.log(JSON.stringify(notification))
  }
}

async function readRules<AnyRule>(path: string | undefined): Promise<readonly AnyRule[]> {
  if (path === undefined) return []
  try {
    const rules: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!Array.isArray(rules)) throw new TypeError('it holds no array of rules')
    // Each rule is checked when it is added.
    return rules as readonly AnyRule[]
  } catch (error) {
    return program.error(`apns-simulator: cannot read ${path}: ${messageOf(error)}`)
  }
}

function listening(apns: Simulator, files: CredentialFiles | undefined): object {
  return files ?? addressesOf(apns)
}

function greeting(apns: Simulator, flags: Flags, files: CredentialFiles | undefined): string {
  const { host, port, gatewayPort, feedbackPort } = addressesOf(apns)
  const gateway = gatewayPort === undefined ? '' : `, gateway on ${gatewayPort}, feedback on ${feedbackPort}`
  const where = `APNs simulator (${flags.environment}) on https://${host}:${port}${gateway}`
  if (files === undefined) return `${where}; to connect, start it with --write-credentials <directory>`
  return `${where}; trust ${files.caPath}, sign with ${files.keyPath} (key ${files.keyId}, team ${files.teamId}) or show ${files.pfxPath}`
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
