// Writes what @parse/node-apn itself does into ../vectors/node-apn, for the tests to compare ours with:
//
//   npm run build && node bench/install.mjs && node packages/apns-worker/test/node-apn/record-vectors.mjs
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { installDependencies } from '../../../../bench/install.mjs'
import { startSimulator } from '../../../simulator/dist/index.js'
import { CHANNEL_CASES, playWithChannels } from '../../dist-test/node-apn/channel-cases.js'
import { compiled, NOTIFICATION_CASES } from '../../dist-test/node-apn/notification-cases.js'
import { play, SEND_CASES } from '../../dist-test/node-apn/send-cases.js'

installDependencies()
const require = createRequire(new URL('../../../../bench/package.json', import.meta.url))
const apn = require('@parse/node-apn')
const { version } = require('@parse/node-apn/package.json')

write(
  'notifications',
  Array.from(NOTIFICATION_CASES, ([name, build]) => [name, compiled(build(apn))]),
)

/** @type {[name: string, expected: unknown][]} */
const sends = []
for (const [name, each] of SEND_CASES) {
  const apns = await startSimulator(each.simulator)
  sends.push([name, await play(apn, each, apns, end)])
  await apns.close()
}
write('sends', sends)

/** @type {[name: string, expected: unknown][]} */
const channels = []
for (const [name, each] of CHANNEL_CASES) channels.push([name, await playWithChannels(apn, each, end)])
write('channels', channels)
process.exit()

/**
 * After a connection that failed, node-apn does not end.
 *
 * @param {{ shutdown(callback: () => void): unknown }} provider
 */
async function end(provider) {
  await Promise.race([
    new Promise((resolve) => void provider.shutdown(() => resolve(undefined))),
    new Promise((resolve) => setTimeout(resolve, 500)),
  ])
}

/**
 * One case a line.
 *
 * @param {string} name
 * @param {[name: string, expected: unknown][]} cases
 */
function write(name, cases) {
  const lines = cases.map(([key, expected]) => `${JSON.stringify(key)}: ${JSON.stringify(expected)}`)
  const text = `{\n"version": ${JSON.stringify(version)},\n"cases": {\n${lines.join(',\n')}\n}\n}\n`
  writeFileSync(new URL(`../vectors/node-apn/${name}.json`, import.meta.url), text)
}
