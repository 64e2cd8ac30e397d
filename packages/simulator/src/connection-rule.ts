import type { Cut, GoAwayOptions, RuleTimes } from './rule.js'

/** Which connections a rule is for: those that fit everything that is given. */
export interface ConnectionMatch extends RuleTimes {
  /** What the journal calls the rule; default its place: `connections[2]`. */
  readonly name?: string
  /** This connection, or one of these, counted from 1 as TCP accepted them. */
  readonly connection?: number | readonly number[]
  /** The first so many that fit everything else are passed over. */
  readonly after?: number
  /** Of those left each with this chance, 0 to 1. */
  readonly chance?: number
  /** The rule is spent after that many connections. */
  readonly times?: number
}

/**
 * What happens to a connection whatever it carries: exactly one of these. `atByte` and `atSentByte` belong to `disconnect`
 * and `blackHole`, `beforeSettings` to `goAway`, and `for` to `blackHole`, `stallWindow` and `streamLimit`.
 */
export interface ConnectionAction {
  /**
   * Falls silent: `tcp`: nothing is read from the start; `tls`: the handshake is read and never answered; `settings`: after
   * the handshake not a byte is sent. true: as `tcp`, or, with `atByte` or `atSentByte`, there.
   */
  readonly blackHole?: true | 'tcp' | 'tls' | 'settings'
  /** It is cut, at once or at a position; true: closed. */
  readonly disconnect?: true | Cut
  /** After so many bytes of HTTP/2 from the client. */
  readonly atByte?: number
  /** After so many bytes of HTTP/2 to the client. */
  readonly atSentByte?: number
  /** GOAWAY right after SETTINGS, or several. */
  readonly goAway?: true | GoAwayOptions | readonly GoAwayOptions[]
  /** The GOAWAY comes even before SETTINGS. */
  readonly beforeSettings?: true
  /** The certificate that the simulator shows: one that a client should not take. */
  readonly certificate?: BadCertificate
  /** Whatever client certificate is shown counts as expired, or revoked: 403 `BadCertificate`. */
  readonly clientCertificate?: 'expired' | 'revoked'
  /** SETTINGS_INITIAL_WINDOW_SIZE: how many bytes of a body a client may send before it is given more; default 65,535. */
  readonly initialWindow?: number
  /** No flow-control window grows any more, not that of the connection (65,535 bytes) either. */
  readonly stallWindow?: true
  /** The stream limit, for clients that are known. */
  readonly streamLimit?: number
  /**
   * Seconds after which a black hole ends with TCP RST, windows grow again, or the stream limit is what it is elsewhere;
   * default: never.
   */
  readonly for?: number
}

/** What may be wrong with a server certificate. */
export type BadCertificate = 'expired' | 'notYetValid' | 'otherHost' | 'untrusted'

/** Which connections, and what happens to them. Of the rules that fit all apply; where two say the same, the first. */
export type ConnectionRule = ConnectionMatch & ConnectionAction

/** What a rule can do to a connection. */
export type Effect =
  | 'blackHole'
  | 'disconnect'
  | 'goAway'
  | 'certificate'
  | 'clientCertificate'
  | 'initialWindow'
  | 'stallWindow'
  | 'streamLimit'

/** How one connection is treated: for each effect the rule that asks for it, which has a name. */
export type Conduct = Readonly<Partial<Record<Effect, NamedConnectionRule>>>

export type NamedConnectionRule = ConnectionRule & { readonly name: string }
