import { styleText } from 'node:util'
import { startSimulator } from '@apns-worker/simulator'
import { Command } from 'commander'
import { demoTokens } from './demo-tokens.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { send } from './send.js'
import { type TokenSource, tokensFromArguments, tokensFromFile } from './token-source.js'

const TOPIC = 'com.example.demo'
const MONTH_MS = 30 * 86_400_000
const NEXT =
  'Next: `apns-worker send --help` (from a checkout: `npm start -- send --help`) sends to real devices.'

/** `apns-worker demo`. */
export function demoCommand(onExit: (code: ExitCode) => void): Command {
  return new Command('demo')
    .description('Start an APNs on this machine and send ten thousand notifications to it.')
    .option(
      '--tokens-file <file>',
      'list of tokens to send to; default: ten thousand made-up ones, some of them dead',
    )
    .option('--outcomes <file>', "each notification's outcome, as NDJSON")
    .action(async (flags: DemoFlags) => onExit(await runDemo(flags)))
}

interface DemoFlags {
  readonly tokensFile?: string
  readonly outcomes?: string
}

async function runDemo({ tokensFile, outcomes }: DemoFlags): Promise<ExitCode> {
  const source: TokenSource =
    tokensFile === undefined ? tokensFromArguments([...demoTokens()]) : tokensFromFile(tokensFile)
  const apns = await startSimulator({
    rules: [
      { tokenPrefix: 'dead', unregistered: new Date(Date.now() - MONTH_MS) },
      { tokenPrefix: 'bad0', badDeviceToken: true },
      { tokenPrefix: 'e0d0', expiredToken: new Date(Date.now() - MONTH_MS) },
    ],
  })
  try {
    console.error(
      styleText('bold', `An APNs on this machine, ${apns.environment.host}:${apns.environment.port}`),
    )
    console.error(`Sending to the tokens of ${tokensFile ?? 'the demonstration'} over TLS and HTTP/2 …`)
    const code = await send({
      source,
      column: undefined,
      keepDuplicates: false,
      strict: false,
      payload: {
        aps: { alert: { title: 'apns-worker', body: 'Hello from the demonstration' }, sound: 'default' },
      },
      messageOptions: { pushType: 'alert' },
      managerOptions: { ...apns.credentials, topic: TOPIC, environment: apns.environment },
      outcomesPath: outcomes,
      json: false,
      verbose: false,
    })
    console.error(NEXT)
    // The dead tokens are a part of the demonstration.
    return code === EXIT_CODE.someFailed ? EXIT_CODE.allSent : code
  } finally {
    await apns.close()
  }
}
