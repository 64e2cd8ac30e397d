import { readFile } from 'node:fs/promises'
import type { Flags } from './command-flags.js'
import type { GatewayOptions } from './gateway/options.js'
import type { GatewayRule } from './gateway/rule.js'
import type { SimulatorOptions } from './options.js'
import type { Rule } from './rule.js'
import { loadScript, type Script } from './script.js'

/** What a throttled token is told to wait, in seconds. */
const RETRY_AFTER = 1

/**
 * The simulator's options: the script's, and the flags' in place of them. A flag's default counts only where the script says
 * nothing; rules that flags ask for come behind the script's.
 * Rejects when a file can not be read, with an error that names it.
 *
 * @param isGiven whether a flag was on the command line
 * @param print is handed each notification, of the gateway too
 */
export async function simulatorOptions(
  flags: Flags,
  isGiven: (flag: keyof Flags) => boolean,
  print: (notification: object) => void,
): Promise<SimulatorOptions> {
  const script: Script = flags.script === undefined ? {} : await loadScript(flags.script)
  const choose = <Name extends keyof Flags & keyof Script>(
    name: Name,
  ): Flags[Name] | NonNullable<Script[Name]> => (isGiven(name) ? flags[name] : (script[name] ?? flags[name]))
  const topics = flags.topic ?? script.topics
  const channelPort = flags.channelPort ?? script.channelPort
  const broadcastTopics = flags.broadcastTopic ?? script.broadcastTopics
  const deviceLimit = flags.deviceLimit ?? script.deviceLimit
  const journal = flags.journal ?? script.journal
  return {
    ...script,
    host: choose('host'),
    port: choose('port'),
    environment: choose('environment'),
    latency: choose('latency'),
    seed: choose('seed'),
    channelLimit: choose('channelLimit'),
    streamLimit: choose('streamLimit'),
    idleTimeout: choose('idleTimeout'),
    refusalLimit: choose('refusalLimit'),
    shrinkOnRefusal: flags.shrinkOnRefusal ?? script.shrinkOnRefusal ?? false,
    ...(topics === undefined ? {} : { topics }),
    ...(channelPort === undefined ? {} : { channelPort }),
    ...(broadcastTopics === undefined ? {} : { broadcastTopics }),
    ...(deviceLimit === undefined ? {} : { deviceLimit }),
    doubts: { ...script.doubts, ...flags.doubt },
    ...(journal === undefined ? {} : { journal }),
    rules: [...(script.rules ?? []), ...(await readRules<Rule>(flags.rules)), ...shareRules(flags)],
    ...chaosOptions(flags, script),
    ...(await gatewayOptions(flags, print)),
    record: false,
    onNotification: print,
    onChannelRequest: print,
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

function chaosOptions(
  { chaos: seed, chaosIntensity: intensity }: Flags,
  { chaos }: Script,
): Pick<Script, 'chaos'> {
  if (seed === undefined && intensity === undefined) return {}
  return {
    chaos: {
      ...(typeof chaos === 'object' ? chaos : {}),
      ...(seed === undefined ? {} : { seed }),
      ...(intensity === undefined ? {} : { intensity }),
    },
  }
}

async function gatewayOptions(
  { gatewayPort: port, feedbackPort, gatewayRules }: Flags,
  onNotification: (notification: object) => void,
): Promise<{ readonly gateway?: GatewayOptions }> {
  if (port === undefined) return {}
  const rules = await readRules<GatewayRule>(gatewayRules)
  return { gateway: { port, feedbackPort, rules, record: false, onNotification } }
}

async function readRules<AnyRule>(path: string | undefined): Promise<readonly AnyRule[]> {
  if (path === undefined) return []
  try {
    const rules: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!Array.isArray(rules)) throw new TypeError('it holds no array of rules')
    // Each rule is checked when it is added.
    return rules as readonly AnyRule[]
  } catch (error) {
    throw new TypeError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
