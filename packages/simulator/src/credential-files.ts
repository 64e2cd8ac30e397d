import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Simulator } from './simulator.js'

/** Where the simulator listens. */
export interface Addresses {
  readonly host: string
  readonly port: number
  /** Port for requests about channels. */
  readonly channelPort: number
  /** Port of the retired gateway, when it runs. */
  readonly gatewayPort?: number
  /** Port of its feedback service. */
  readonly feedbackPort?: number
}

/** Where everything is that a client needs to connect. The same is in `credentials.json`. */
export interface CredentialFiles extends Addresses {
  /** The authority to trust, PEM. */
  readonly caPath: string
  /** The `.p8` file. */
  readonly keyPath: string
  readonly keyId: string
  readonly teamId: string
  /** Client certificate and its key, PEM. */
  readonly certPath: string
  readonly certKeyPath: string
  /** The same two in a PKCS#12 file with an empty passphrase. */
  readonly pfxPath: string
}

/** Readable and writable for the owner alone, as a client may demand of files with keys. */
const PRIVATE = { mode: 0o600 }

/** Where a simulator listens. */
export function addressesOf({ host, port, channelPort, gateway }: Simulator): Addresses {
  return {
    host,
    port,
    channelPort,
    ...(gateway && { gatewayPort: gateway.port, feedbackPort: gateway.feedbackPort }),
  }
}

/** Writes a simulator's credentials into a directory, which is made if need be. The certificate is for `topics`. */
export async function writeCredentials(
  apns: Simulator,
  directory: string,
  topics: readonly string[],
): Promise<CredentialFiles> {
  const { key, keyId, teamId } = apns.credentials
  const certificate = apns.clientCertificate({ topics })
  const files: CredentialFiles = {
    ...addressesOf(apns),
    caPath: join(directory, 'ca.pem'),
    keyPath: join(directory, `AuthKey_${keyId}.p8`),
    keyId,
    teamId,
    certPath: join(directory, 'client.pem'),
    certKeyPath: join(directory, 'client.key.pem'),
    pfxPath: join(directory, 'client.p12'),
  }
  await mkdir(directory, { recursive: true })
  await Promise.all([
    writeFile(files.caPath, apns.ca),
    writeFile(files.keyPath, key, PRIVATE),
    writeFile(files.certPath, certificate.cert),
    writeFile(files.certKeyPath, certificate.key, PRIVATE),
    writeFile(files.pfxPath, certificate.pfx, PRIVATE),
    writeFile(join(directory, 'credentials.json'), `${JSON.stringify(files, null, 2)}\n`),
  ])
  return files
}
