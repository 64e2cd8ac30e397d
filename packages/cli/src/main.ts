#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { AppConfigurationError, CredentialError, MessageError } from 'apns-worker'
import { Command, CommanderError } from 'commander'
import { ApiError } from './api-error.js'
import { configCommand } from './config-command.js'
import { demoCommand } from './demo-command.js'
import { doctorCommand } from './doctor-command.js'
import { EXIT_CODE, EXIT_CODE_HELP } from './exit-code.js'
import { explainCommand } from './explain-command.js'
import { feedbackCommand } from './feedback-command.js'
import { keysCommand } from './keys-command.js'
import { replCommand } from './repl-command.js'
import { sendCommand } from './send-command.js'
import { serveCommand } from './serve-command.js'
import { statusCommand } from './status-command.js'
import { UsageError } from './usage-error.js'
import { watchCommand } from './watch-command.js'

function program(onExit: (code: number) => void): Command {
  const command = new Command('apns-worker')
    .description('Apple push notifications from the command line: fire and forget, and nothing lost.')
    .version(readVersion(), '--version')
    .addHelpText('after', EXIT_CODE_HELP)
    .addCommand(sendCommand(onExit))
    .addCommand(serveCommand(onExit))
    .addCommand(statusCommand(onExit))
    .addCommand(watchCommand(onExit))
    .addCommand(feedbackCommand(onExit))
    .addCommand(demoCommand(onExit))
    .addCommand(explainCommand(onExit))
    .addCommand(doctorCommand(onExit))
    .addCommand(replCommand(onExit))
    .addCommand(configCommand(onExit))
    .addCommand(keysCommand(onExit))
  const commands = command.commands.flatMap((each) => [each, ...each.commands])
  for (const each of [command, ...commands])
    each.exitOverride().showHelpAfterError('(--help shows the options)')
  return command
}

async function main(args: readonly string[]): Promise<number> {
  let code: number = EXIT_CODE.allSent
  try {
    await program((earned) => {
      code = earned
    }).parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // Commander has said what is wrong already; help that was asked for is no error.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? EXIT_CODE.allSent : EXIT_CODE.couldNotRun
    if (isUsersConcern(error)) console.error(`error: ${error.message}`)
    else console.error(error)
    return EXIT_CODE.couldNotRun
  }
}

/** Of the server's errors, whose classes would have to be loaded to be asked: it is large, and few commands need it. */
const SERVER_CONCERNS: ReadonlySet<string> = new Set(['ConfigError', 'ServerError', 'OutboxError'])

/** Errors whose message says what to do; any other is a defect, and its stack is wanted. */
function isUsersConcern(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    error instanceof ApiError ||
    error instanceof CredentialError ||
    error instanceof MessageError ||
    error instanceof AppConfigurationError ||
    (error instanceof Error && SERVER_CONCERNS.has(error.name))
  )
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version)
  throw new Error('package.json has no version')
}

// Whoever reads our output may stop early (`| head`); that is not our failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await main(process.argv.slice(2))
