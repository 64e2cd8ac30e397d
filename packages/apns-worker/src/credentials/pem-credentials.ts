import type { KeyObject, X509Certificate } from 'node:crypto'
import { type CertificateCredentials, pairCertificate } from './certificate-credentials.js'
import { CredentialError } from './credential-error.js'
import type { CredentialContext, CredentialOptions } from './credential-options.js'
import { CERTIFICATE_SOURCE, isPem, KEY_SOURCE, readSource, type Source } from './credential-source.js'
import { readPemBlocks } from './pem.js'
import { isPkcs12 } from './pkcs12.js'
import { findPrivateKey, readPrivateKey } from './private-key.js'
import { readCertificate } from './x509.js'

/** Loads a client certificate, its chain, and its key from the same source or from another. @throws CredentialError */
export function loadPemCredentials(
  options: CredentialOptions,
  source: Source,
  context: CredentialContext,
): CertificateCredentials {
  const certificates = readCertificates(source)
  return pairCertificate(readKey(options, source), certificates, source.name, context)
}

/** The source of a PEM certificate, if one was given. @throws CredentialError */
export function readCertificateSource(options: CredentialOptions): Source | undefined {
  return readSource(CERTIFICATE_SOURCE, options.certPath, options.cert)
}

function readKey(options: CredentialOptions, certificateSource: Source): KeyObject {
  const keySource = readSource(KEY_SOURCE, options.keyPath, options.key)
  if (keySource !== undefined) return readPrivateKey(keySource, options.passphrase)
  const isInside =
    isPem(certificateSource.bytes) &&
    findPrivateKey(readPemBlocks(certificateSource.bytes.toString('utf8'))) !== undefined
  if (isInside) return readPrivateKey(certificateSource, options.passphrase)
  throw new CredentialError(
    'KEY_MISSING',
    `${certificateSource.name} holds a certificate without its private key: give keyPath (or key) as well.`,
  )
}

function readCertificates(source: Source): X509Certificate[] {
  if (!isPem(source.bytes)) return [readDerCertificate(source)]
  const blocks = readPemBlocks(source.bytes.toString('utf8')).filter(
    ({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE',
  )
  if (blocks.length === 0) {
    throw unreadable(source, 'it has no complete “CERTIFICATE” block; is it the key’s file?')
  }
  return blocks.map(({ text }, index) => {
    const certificate = readCertificate(text)
    if (certificate === undefined) {
      throw unreadable(source, `the ${blocks.length === 1 ? '' : `${ordinal(index)} `}block is damaged`)
    }
    return certificate
  })
}

function readDerCertificate(source: Source): X509Certificate {
  // The .cer file that Apple's site hands out is DER.
  const certificate = readCertificate(source.bytes)
  if (certificate !== undefined) return certificate
  if (isPkcs12(source.bytes)) {
    throw unreadable(source, 'it is a PKCS#12 file; give it as pfxPath (or pfx), with its passphrase')
  }
  throw unreadable(source, 'it has no “-----BEGIN CERTIFICATE-----” line')
}

function ordinal(index: number): string {
  return ['first', 'second', 'third'][index] ?? `${index + 1}th`
}

function unreadable(source: Source, reason: string): CredentialError {
  return new CredentialError(
    'CERTIFICATE_UNREADABLE',
    `${source.name} holds no readable certificate: ${reason}.`,
  )
}
