import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { GatewayClient, itemsFrame, token } from './gateway-client.js'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PORTS = ['--port', '0', '--gateway-port', '0', '--feedback-port', '0']

/** Runs the command in a directory and hands over its lines. */
async function withCommand(
  args: readonly string[],
  use: (nextLine: () => Promise<string>, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'apns-simulator-'))
  const rules = [{ token: token(8), status: 8, feedback: true }]
  await writeFile(join(directory, 'rules.json'), JSON.stringify(rules))
  const child = spawn(process.execPath, [MAIN, ...PORTS, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    await use(async () => String((await lines.next()).value), directory)
  } finally {
    child.kill('SIGTERM')
    await exited
    await rm(directory, { recursive: true })
  }
}

test('the command runs the gateway with rules from a file, and prints what it receives', async () => {
  const args = ['--json', '--gateway-rules', 'rules.json', '--write-credentials', '.']
  await withCommand(args, async (nextLine, directory) => {
    const { listening } = JSON.parse(await nextLine())
    const file = (path: string): Promise<Buffer> => readFile(join(directory, path))
    assert.deepEqual(listening, JSON.parse(String(await file('credentials.json'))))
    const { host, gatewayPort, feedbackPort } = listening
    const [ca, cert, key] = await Promise.all([
      ...[file(listening.caPath), file(listening.certPath), file(listening.certKeyPath)],
    ])
    const client = new GatewayClient(tls.connect({ host, port: gatewayPort, ca, cert, key }))
    client.write(itemsFrame({ ident: 1 }), itemsFrame({ token: token(8), ident: 2 }))
    assert.deepEqual(await client.response(), { status: 8, ident: 2 })
    const seen = [JSON.parse(await nextLine()), JSON.parse(await nextLine())]
    assert.deepEqual(
      seen.map(({ ident, fate, status, command }) => [ident, fate, status, command]),
      [
        [1, 'accepted', undefined, 2],
        [2, 'rejected', 8, 2],
      ],
    )
    const feedback = new GatewayClient(tls.connect({ host, port: feedbackPort, ca, cert, key }))
    assert.equal((await feedback.ended()).toString('hex', 6), token(8))
  })
})

test('the command says where the gateway is', async () => {
  await withCommand([], async (nextLine) => {
    assert.match(
      await nextLine(),
      /on https:\/\/127\.0\.0\.1:\d+, gateway on \d+, feedback on \d+; to connect/,
    )
  })
})
