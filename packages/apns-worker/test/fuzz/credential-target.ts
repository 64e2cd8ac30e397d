import { readdirSync, readFileSync } from 'node:fs'
import { CREDENTIAL_ERRORS, CredentialError } from '#src/credentials/credential-error.js'
import { loadCredentials } from '#src/credentials/credentials.js'
import { type FuzzTarget, must } from './fuzz-target.js'
import { mutateBytes } from './mutations.js'
import { type Step, step } from './step.js'

const FIXTURES = new URL('../../test/credentials/fixtures/', import.meta.url)
const CERTIFICATES = new URL('../../test/support/certificates/', import.meta.url)
/** A time at which the files are valid. */
const NOW_MS = Date.UTC(2027, 5, 1)
const MOST_MUTATIONS = 4

const certificate = (name: string): Buffer => readFileSync(new URL(name, CERTIFICATES))
/** Of a PEM file, what is armoured in it. */
const der = (pem: Buffer): Buffer =>
  Buffer.from(pem.toString().replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')

let cached: readonly (readonly Step[])[] | undefined

/** Every kind of credential that can be loaded, in each of its spellings. */
function samples(): readonly (readonly Step[])[] {
  cached ??= [
    ...readdirSync(FIXTURES)
      .filter((name) => name.endsWith('.p12'))
      .flatMap((name) => {
        const bytes = readFileSync(new URL(name, FIXTURES))
        const passphrase = name.includes('umlaut') ? 'pässwörd' : name.includes('empty') ? '' : 'secret'
        return [bytes, Buffer.from(bytes.toString('base64'))].map((content) => [
          step('pfx', content),
          step('passphrase', Buffer.from(passphrase)),
        ])
      }),
    [step('cert', certificate('localhost.pem')), step('key', certificate('localhost.key.pem'))],
    [step('cert', Buffer.concat([certificate('localhost.pem'), certificate('localhost.key.pem')]))],
    [step('cert', der(certificate('localhost.pem'))), step('key', certificate('localhost.key.pem'))],
    ...[certificate('provider.p8'), der(certificate('provider.p8'))].map((key) => [
      step('key', key),
      step('keyId', Buffer.from('ABCDE12345')),
      step('teamId', Buffer.from('TEAM567890')),
    ]),
  ]
  return cached
}

/** Credential files, damaged: each is read, or is one of the documented errors, and no secret is in its message. */
export const CREDENTIALS: FuzzTarget = {
  name: 'credentials',
  // Twice the most rounds of key derivation that are permitted, and more.
  cpuSeconds: 30,

  make(random) {
    const steps = [...random.pick(samples())]
    for (let count = random.below(MOST_MUTATIONS + 1); count > 0; count--) {
      const at = random.once(4) ? random.below(steps.length) : 0
      const { verb, bytes } = steps[at] as Step
      steps[at] = step(verb, mutateBytes(bytes, random))
    }
    return steps
  },

  run(steps) {
    const options = Object.fromEntries(
      steps.map(({ verb, bytes }) => [verb, /^(pfx|key|cert)$/.test(verb) ? bytes : bytes.toString()]),
    )
    try {
      const credentials = loadCredentials(options, { environment: undefined, now: () => NOW_MS })
      if (credentials.kind === 'token') credentials.tokens.current()
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      must(error.code in CREDENTIAL_ERRORS, () => `the code ${error.code} is not documented`)
    }
  },
}
