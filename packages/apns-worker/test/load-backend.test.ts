import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ApnsManager, type ApnsManagerOptions, Backend, loadBackend, Message } from 'apns-worker'
import { failOnLeaks } from './support/leaks.js'
import { KeptLog, tokens } from './support/test-backends.js'

const fixtures = fileURLToPath(new URL('../test/fixtures/', import.meta.url))
const fixture = (name: string): string => join(fixtures, 'backends', name)
const scratch = await mkdtemp(join(tmpdir(), 'apns-worker-'))
const home = process.cwd()
after(() => {
  process.chdir(home)
  return rm(scratch, { recursive: true })
})

failOnLeaks()

function refuses(modulePath: string, ...parts: readonly string[]): Promise<void> {
  return assert.rejects(
    loadBackend(modulePath),
    (error: unknown) =>
      error instanceof TypeError && [modulePath, ...parts].every((part) => error.message.includes(part)),
  )
}

test('the default export goes before others', async () => {
  const loaded = await loadBackend(fixture('default-export.mjs'))
  assert.equal(loaded.name, 'DefaultBackend')
  assert.ok(loaded.prototype instanceof Backend)
})

test('the only export that is a backend is taken, under however many names', async () => {
  assert.equal((await loadBackend(fixture('same-export-twice.mjs'))).name, 'OnlyBackend')
})

test('a CommonJS module will do', async () => {
  assert.equal((await loadBackend(fixture('commonjs.cjs'))).name, 'CommonBackend')
})

test('a relative path starts from the working directory, and may be a file: URL', async () => {
  const path = relative(process.cwd(), fixture('default-export.mjs'))
  assert.equal((await loadBackend(path.startsWith('.') ? path : `./${path}`)).name, 'DefaultBackend')
  const url = new URL('../test/fixtures/backends/default-export.mjs', import.meta.url).href
  assert.equal((await loadBackend(url)).name, 'DefaultBackend')
})

test('the name of a package is looked up from the working directory, then beside this library', async () => {
  const directory = join(scratch, 'node_modules', 'some-backend')
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'package.json'), '{ "name": "some-backend", "exports": "./index.mjs" }')
  const library = import.meta.resolve('apns-worker')
  await writeFile(
    join(directory, 'index.mjs'),
    `import { Backend } from ${JSON.stringify(library)}\nexport class SomeBackend extends Backend {}\n`,
  )
  process.chdir(scratch)
  try {
    assert.equal((await loadBackend('some-backend')).name, 'SomeBackend')
    // The library itself, which has more than one.
    await refuses('apns-worker', 'several backends', 'BinaryBackend, BroadcastBackend, Http2Backend')
  } finally {
    process.chdir(home)
  }
})

test('each way to fail is an error in words, with its cause', async () => {
  await refuses(fixture('no-backend.mjs'), 'no subclass of Backend', 'default')
  await refuses(fixture('several-exports.mjs'), 'several', 'FirstBackend, SecondBackend')
  await refuses(fixture('missing.mjs'), 'can not be loaded', 'Cannot find module')
  await refuses('./missing-too.mjs', 'can not be loaded')
  await refuses('no-such-package-anywhere', 'can not be loaded', 'Cannot find package')
  await refuses(fixture('throws.mjs'), 'no such database')
  await refuses('', 'path')
  await assert.rejects(loadBackend(undefined as unknown as string), TypeError)
})

test('a backend that writes lines of JSON, loaded from its path, sends through a manager', async () => {
  const file = join(scratch, 'sent.jsonl')
  const backend = await loadBackend(join(fixtures, 'json-lines-backend.mjs'))
  // The manager hands options that it does not know on to the backend.
  const options: ApnsManagerOptions & { readonly file: string } = { backend, file }
  const apns = new ApnsManager(options)
  const subscription = apns.getFeedback(() => {})
  const message = new Message(tokens(5000), { aps: { alert: 'hello' } })
  const delivery = apns.sendMessage(message)
  let streamed = 0
  for await (const { status } of apns.stream([new Message(tokens(2), { aps: {} })])) {
    assert.equal(status, 'accepted')
    streamed++
  }
  assert.equal(streamed, 2)
  assert.deepEqual(await delivery.done(), { total: 5000, succeeded: 5000, failed: 0 })
  subscription.cancel()
  assert.deepEqual(await apns.close(), { unsent: [] })
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  assert.equal(lines.length, 5002)
  assert.deepEqual(
    lines.slice(0, 5000).map((line) => (JSON.parse(line) as { token: string }).token),
    message.tokens,
  )
  assert.deepEqual((JSON.parse(lines[0] ?? '') as { payload: unknown }).payload, { aps: { alert: 'hello' } })
})

test('where it can not write, the line stops with the cause, and nothing hangs', async () => {
  const backend = await loadBackend(join(fixtures, 'json-lines-backend.mjs'))
  const log = new KeptLog()
  const options: ApnsManagerOptions & { readonly file: string } = {
    backend,
    file: join(scratch, 'no-such-directory', 'sent.jsonl'),
    logger: log,
  }
  const apns = new ApnsManager(options)
  const delivery = apns.sendAps(tokens(1), {})
  await assert.rejects(apns.flushMessages(), { reason: 'BackendFailed', message: /ENOENT/ })
  assert.equal((await apns.close()).unsent.length, 1)
  assert.equal(delivery.failed, 1)
  assert.match(log.lines.join('\n'), /error: .*ENOENT/)
})
