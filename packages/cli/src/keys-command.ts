import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { hashOfKey, keyEntryText, parseKeyApps, parseKeyName, parseScopes, shortHash } from './key-entry.js'
import { apiKeyFrom } from './server-flags.js'
import { textTable } from './text-table.js'
import { messageOf, UsageError } from './usage-error.js'

interface MakeFlags {
  readonly name: string
  readonly scopes: string
  readonly apps: string
  readonly config?: string
  readonly keyPath?: string
  readonly json?: true
}

interface ListFlags {
  readonly config?: string
  readonly apiKeyPath?: string
  readonly json?: true
}

const OWN_MODE = 0o600
const AFTERWARDS = 'Then send the server a SIGHUP: it reads its configuration again.'

const HELP = `
The server knows the hash of a key alone, so a key that is lost is made anew, and nothing here talks to a server. To revoke a key,
delete its entry, which list names, and send the server a SIGHUP: it reads its configuration again, and refuses the key from then on.

Scopes: send is for messages and their control; read, for what only looks; admin has both, and whatever is about an app, everything
or removal.

Examples:
  apns-worker keys make --name backend --apps news,shop --config apns-worker.yaml
  apns-worker keys make --name ops --scopes read --key-path ~/.apns-worker-key
  apns-worker keys list --config apns-worker.yaml

Exit codes:
  ${EXIT_CODE.allSent}    done
  ${EXIT_CODE.someFailed}    list --api-key-path: no entry is of this key
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage, or a configuration that is wrong`

/** `apns-worker keys`. */
export function keysCommand(onExit: (code: ExitCode) => void): Command {
  const make = new Command('make')
    .description('Make an API key: it is shown once, with its entry for the configuration.')
    .requiredOption('--name <name>', 'whom it is given to; for logs')
    .option('--scopes <list>', 'what it may do: send, read, admin', 'send,read')
    .option('--apps <list>', 'for which apps', 'all')
    .option('--config <file>', 'the configuration that it is for: name and apps are checked against it')
    .option('--key-path <file>', 'write the key to a new file for its owner alone, and do not show it')
    .option('--json', 'key and entry as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (flags: MakeFlags) => onExit(await makeKey(flags)))
  const list = new Command('list')
    .description('The API keys of a configuration, with as much of their hashes as tells them apart.')
    .option('--config <file>', 'the YAML file; without it, APNS_WORKER_CONFIG names it')
    .option('--api-key-path <file>', 'only the entry of the key that this file holds')
    .option('--json', 'as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (flags: ListFlags) => onExit(await listKeys(flags)))
  return new Command('keys')
    .description("The keys to the server's API.")
    .addCommand(make)
    .addCommand(list)
    .addHelpText('after', HELP)
}

async function makeKey({ name, scopes, apps, config: path, keyPath, json }: MakeFlags): Promise<ExitCode> {
  // Only now: the server is large, and few commands need it.
  const { newApiKey, readConfig } = await import('@apns-worker/server')
  const config = path === undefined ? undefined : readConfig({ path })
  const parsedName = parseKeyName(name)
  if (config?.apiKeys.some((each) => each.name === parsedName) === true)
    throw new UsageError(`--name ${parsedName} is that of a key already; give each its own`)
  const parsedApps = parseKeyApps(
    apps,
    config?.apps.map((app) => app.name),
  )
  const parsedScopes = parseScopes(scopes)
  const { key, hash } = newApiKey()
  const entry = { name: parsedName, hash: `sha256:${hash}`, scopes: parsedScopes, apps: parsedApps }
  if (keyPath !== undefined) writeKey(keyPath, key)
  if (json === true) {
    console.log(JSON.stringify({ ...(keyPath === undefined ? { key } : { keyPath }), entry }))
    return EXIT_CODE.allSent
  }
  if (keyPath === undefined) {
    console.error('The key, which is shown this once, and its entry in the configuration:')
    console.log(`${key}\n`)
  } else console.error(`The key is in ${keyPath}. Its entry in the configuration:`)
  console.log(keyEntryText(entry))
  console.error(AFTERWARDS)
  return EXIT_CODE.allSent
}

/** Never over another: it may be in use, and the server does not have it. */
function writeKey(path: string, key: string): void {
  try {
    writeFileSync(path, `${key}\n`, { flag: 'wx', mode: OWN_MODE })
  } catch (error) {
    throw new UsageError(`cannot write --key-path: ${messageOf(error)}`)
  }
}

async function listKeys({ config: path, apiKeyPath, json }: ListFlags): Promise<ExitCode> {
  const wanted = apiKeyPath === undefined ? undefined : hashOfKey(apiKeyFrom({ apiKeyPath }, {}) ?? '')
  const { readConfig } = await import('@apns-worker/server')
  const rows = readConfig({ path })
    .apiKeys.map((key, index) => ({ ...key, entry: `apiKeys[${index}]` }))
    .filter(({ hash }) => wanted === undefined || hash === wanted)
    .map(({ entry, name, scopes, apps, hash }) => ({ entry, name, scopes, apps, hash: shortHash(hash) }))
  if (json === true) console.log(JSON.stringify({ items: rows }))
  else if (rows.length > 0) {
    const columns = ['Entry', 'Name', 'Scopes', 'Apps', 'Hash'].map((title) => ({ title }))
    const cells = rows.map(({ entry, name, scopes, apps, hash }) => [
      ...[entry, name, scopes.join(', ')],
      ...[apps === 'all' ? apps : apps.join(', '), hash],
    ])
    console.log(textTable(columns, cells).join('\n'))
  } else if (wanted === undefined)
    console.log('No API keys: everybody may do everything who can reach the server')
  else console.error('No entry of the configuration is of this key')
  return rows.length === 0 && wanted !== undefined ? EXIT_CODE.someFailed : EXIT_CODE.allSent
}
