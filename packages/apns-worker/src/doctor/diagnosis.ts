import type { DoctorCode } from './codes.js'

/** The checks, in the order in which they are made. */
export type CheckName =
  /** The key or certificate: files, kinds, ids, dates. */
  | 'credential'
  /** The topic, and whether the certificate is for it. */
  | 'topic'
  /** Whether the certificate is for the environment. */
  | 'environment'
  /** The addresses of the host, or of the proxy. */
  | 'dns'
  /** A connection to each of them. */
  | 'tcp'
  /** The way through the proxy. */
  | 'tunnel'
  /** The TLS handshake, and the server's certificate. */
  | 'tls'
  /** Whether the server speaks HTTP/2. */
  | 'alpn'
  /** What the server allows. */
  | 'settings'
  /** A push to a device that can not exist. */
  | 'authentication'
  /** This machine's clock, compared with the server's. */
  | 'clock'

/**
 * What a check comes to.
 *
 * - `ok`: all is well.
 * - `warning`: it works, and somebody should look at it.
 * - `problem`: it does not work.
 * - `skipped`: it was not tried, or says nothing.
 */
export type DoctorVerdict = 'ok' | 'warning' | 'problem' | 'skipped'

/** What a server is for: notifications to devices, broadcasts to channels, or requests about these. */
export type DoctorService = 'notifications' | 'broadcasts' | 'channels'

/** A server that is checked. */
export interface CheckedServer {
  /** `production`, `sandbox`, or `host:port`; with `broadcasts` or `channels` where it is for these. */
  readonly name: string
  readonly service: DoctorService
  /** Whose rules apply to certificates; undefined for a host that may be either. */
  readonly environment: 'production' | 'sandbox' | undefined
  readonly host: string
  readonly port: number
  /** The proxy on the way there, without user and password. */
  readonly proxy: string | undefined
}

/** One of several things that a check looked at, such as an address. */
export interface DiagnosisPart {
  readonly subject: string
  readonly verdict: DoctorVerdict
  readonly text: string
  /** How long it took, where that means something. */
  readonly seconds: number | undefined
}

/** What a check found, in figures; the names are part of the interface. */
export type Facts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/** What one check found. Nothing in it is secret. */
export interface Diagnosis {
  readonly check: CheckName
  /** Undefined for checks that have to do with no server. */
  readonly server: CheckedServer | undefined
  readonly verdict: DoctorVerdict
  /** Stable: one of {@link DOCTOR_CODES} or, of a credential that can not be used, its {@link CredentialErrorCode}. */
  readonly code: DoctorCode
  /** What was found, in a sentence. */
  readonly text: string
  /** What to do about it. */
  readonly advice: string | undefined
  readonly parts: readonly DiagnosisPart[]
  readonly facts: Facts
  /** How long the check took. */
  readonly seconds: number
  /** The checks that this failure makes impossible. */
  readonly blocks: readonly CheckName[]
  /** The failed check that made this one impossible. */
  readonly because: CheckName | undefined
}
