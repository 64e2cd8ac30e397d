import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Apps } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { AppConfigurationError } from 'apns-worker'
import { ConfigFolder } from './config-folder.js'

/** The configuration of a folder, and the apps in it. */
class Scene implements AsyncDisposable {
  readonly apns: Simulator
  readonly folder: ConfigFolder = new ConfigFolder()
  readonly apps: Apps

  constructor(apns: Simulator, yaml: string) {
    this.apns = apns
    this.writeKey('ours', apns.credentials.key)
    this.folder.write('ca.pem', apns.ca)
    const { cert, key, pfx } = apns.clientCertificate({ topics: ['com.example.shop'] })
    this.folder.write('shop.pem', cert + key)
    this.folder.write('shop.p12', pfx)
    this.apps = new Apps(this.#read(yaml))
  }

  writeKey(name: string, key: string): void {
    this.folder.write(`${name}.p8`, key)
  }

  reload(yaml: string): ReturnType<Apps['reload']> {
    return this.apps.reload(this.#read(yaml))
  }

  /** Sends one, which has to be accepted. */
  async send(app: string): Promise<void> {
    const manager = this.apps.managers.get(app) ?? assert.fail(`nobody sends for ${app}`)
    const { succeeded } = await manager.sendAps(['ab'.repeat(32)], { alert: app }).done()
    assert.equal(succeeded, 1, app)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.apps.close(0)
    this.folder[Symbol.dispose]()
    await this.apns.close()
  }

  #read(yaml: string): ReturnType<ConfigFolder['read']>['apps'] {
    const { port, credentials } = this.apns
    const { keyId, teamId } = credentials
    const environment = `{ host: localhost, port: ${port}, caPath: ca.pem }`
    return this.folder.read(
      `apps:\n${yaml}`
        .replaceAll('HERE', environment)
        .replaceAll('OURS', `keyPath: ours.p8, keyId: ${keyId}, teamId: ${teamId}`),
    ).apps
  }
}

const NEWS = '  - { name: news, topic: com.example.news, environment: HERE, OURS }\n'
const SPORT = '  - { name: sport, topic: com.example.sport, environment: HERE, OURS, maxConnections: 2 }\n'

describe('apps from a file', () => {
  it('send with keys, certificates and PKCS#12 files', async () => {
    await using scene = new Scene(
      await startSimulator(),
      `${NEWS}  - { name: pem, certPath: shop.pem, environment: HERE }\n  - { name: pkcs12, pfxPath: shop.p12, environment: HERE }\n`,
    )
    for (const app of ['news', 'pem', 'pkcs12']) await scene.send(app)
    assert.deepEqual(
      scene.apns.received.map(({ topic }) => topic),
      ['com.example.news', 'com.example.shop', 'com.example.shop'],
    )
    assert.deepEqual(
      [...scene.apps.apps.values()].map(({ credentials }) => credentials),
      ['token', 'certificate', 'certificate'],
    )
  })

  it('that are as they were keep their managers and connections, read anew', async () => {
    await using scene = new Scene(await startSimulator(), NEWS + SPORT)
    await scene.send('news')
    await scene.send('sport')
    const before = [...scene.apps.managers]
    assert.deepEqual(scene.reload(SPORT + NEWS), { added: [], removed: [], changed: [] })
    assert.deepEqual(new Map(scene.apps.managers), new Map(before))
    await scene.send('news')
    await scene.send('sport')
    const { connections, openConnections } = scene.apns.counts()
    assert.deepEqual([connections, openConnections], [2, 2])
  })

  it('get another manager where the file of the key has another one in it, and no other app does', async () => {
    await using scene = new Scene(await startSimulator(), NEWS + SPORT)
    await scene.send('news')
    await scene.send('sport')
    const { managers } = scene.apps
    const [news, sport] = [managers.get('news'), managers.get('sport')]
    const { key, keyId, teamId } = scene.apns.addKey({ teamId: 'TEAM222222' })
    scene.writeKey('other', key)
    const changed = `  - { name: news, topic: com.example.news, environment: HERE, keyPath: other.p8, keyId: ${keyId}, teamId: ${teamId} }\n`
    assert.deepEqual(scene.reload(changed + SPORT).changed, ['news'])
    assert.notEqual(managers.get('news'), news)
    assert.equal(managers.get('sport'), sport)
    await scene.send('news')
    await scene.send('sport')
    assert.equal(scene.apns.counts().connections, 3)
    // The first one's is closed; the other one's is the very same.
    await scene.apns.waitFor((server) => server.counts().openConnections === 2)
  })

  it('are left alone by a configuration that can not work, in the file or in what it is made of', async () => {
    await using scene = new Scene(await startSimulator(), NEWS + SPORT)
    await scene.send('news')
    const before = [...scene.apps.managers]
    assert.throws(() => scene.reload(NEWS.replace('topic', 'tpoic') + SPORT), /did you mean topic/)
    assert.throws(
      () => scene.reload(NEWS + SPORT.replace('OURS', 'keyPath: gone.p8, teamId: TEAM567890')),
      /there is no such file/,
    )
    const [news, sport] = scene.folder.read(
      `apps:\n${(NEWS + SPORT).replaceAll('HERE', 'sandbox').replaceAll('OURS', 'keyPath: ours.p8, keyId: ABCDE12345, teamId: TEAM567890')}`,
    ).apps
    assert.ok(news !== undefined && sport !== undefined)
    const broken = { ...sport, options: { ...sport.options, proxy: 'ftp://nowhere' } }
    assert.throws(() => scene.apps.reload([news, broken]), AppConfigurationError)
    assert.deepEqual([...scene.apps.managers], before)
    await scene.send('news')
    assert.equal(scene.apns.counts().connections, 1)
  })
})
