#!/usr/bin/env node
/** `apns-simulator`: the simulator from the shell. */
import { Command } from 'commander'
import { defineFlags, type Flags } from './command-flags.js'
import { simulatorOptions } from './command-options.js'
import { addressesOf, type CredentialFiles, writeCredentials } from './credential-files.js'
import { startSimulator } from './local-simulator.js'
import type { SimulatorOptions } from './options.js'
import type { Simulator } from './simulator.js'

const EXAMPLE_TOPIC = 'com.example.app'

const program = defineFlags(
  new Command('apns-simulator').description(
    'A local APNs: the HTTP/2 provider API, for tests and demos. Durations are in seconds.',
  ),
).action(run)

await program.parseAsync()

async function run(flags: Flags): Promise<void> {
  const { apns, options } = await start(flags)
  endOnSignal(apns)
  const files = await credentialFiles(apns, flags.writeCredentials, options.topics ?? [EXAMPLE_TOPIC])
  console.log(
    flags.json ? JSON.stringify({ listening: files ?? addressesOf(apns) }) : greeting(apns, options, files),
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

async function credentialFiles(
  apns: Simulator,
  directory: string | undefined,
  topics: readonly string[],
): Promise<CredentialFiles | undefined> {
  if (directory === undefined) return undefined
  try {
    return await writeCredentials(apns, directory, topics)
  } catch (error) {
    return program.error(`apns-simulator: cannot write credentials: ${messageOf(error)}`)
  }
}

async function start(
  flags: Flags,
): Promise<{ readonly apns: Simulator; readonly options: SimulatorOptions }> {
  const isGiven = (flag: string): boolean => program.getOptionValueSource(flag) === 'cli'
  const print = (notification: object): void => {
    if (flags.json) console.log(JSON.stringify(notification))
  }
  try {
    const options = await simulatorOptions(flags, isGiven, print)
    return { apns: await startSimulator(options), options }
  } catch (error) {
    return program.error(`apns-simulator: ${messageOf(error)}`)
  }
}

function greeting(
  apns: Simulator,
  { environment = 'production', channelPort: wanted }: SimulatorOptions,
  files: CredentialFiles | undefined,
): string {
  const { host, port, channelPort, gatewayPort, feedbackPort } = addressesOf(apns)
  const channels = wanted === undefined ? '' : `, channels on ${channelPort}`
  const gateway = gatewayPort === undefined ? '' : `, gateway on ${gatewayPort}, feedback on ${feedbackPort}`
  const where = `APNs simulator (${environment}) on https://${host}:${port}${channels}${gateway}`
  if (files === undefined) return `${where}; to connect, start it with --write-credentials <directory>`
  return `${where}; trust ${files.caPath}, sign with ${files.keyPath} (key ${files.keyId}, team ${files.teamId}) or show ${files.pfxPath}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
