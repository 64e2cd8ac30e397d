import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CustomEnvironment } from 'apns-worker'
import { accepts, ChildServer } from '../support/child-server.js'
import { LOCALHOST } from '../support/test-identity.js'
import type { BackEnd } from './back-end.js'

/** How a server is to be set up; what is left out is as it comes, or large. */
export interface FrontEndSettings {
  /** The version of TLS that it negotiates with us. */
  readonly tls: 'TLSv1.2' | 'TLSv1.3'
  /** What it speaks. Default: HTTP/2. */
  readonly protocol?: 'h2' | 'http/1.1'
  readonly maxConcurrentStreams?: number
  /** Of a stream, in bytes. */
  readonly initialWindowSize?: number
  /** Requests after which it sends a connection away. */
  readonly requestsPerConnection?: number
  /** Seconds, more or less, after which it closes an idle connection. */
  readonly idleSeconds?: number
}

/** A server that speaks HTTP/2 with the library, running. */
export interface FrontEnd extends AsyncDisposable {
  readonly environment: CustomEnvironment
  /** Answers what it has, tells its clients to go, and ends. Resolves when it listens no more. */
  quit(): Promise<void>
  /** Whether it has ended. */
  readonly ended: boolean
  /** Starts anew without a pause: old connections are told to go, new ones are accepted. */
  reload(): void
  /** Ends it at once. */
  kill(): Promise<void>
}

/** What not every server can do, or be made to do. */
export type Feature =
  | 'asks the back end'
  | 'quits'
  | 'reloads'
  | 'limits streams'
  | 'limits windows'
  | 'limits requests'
  | 'closes what is idle'
  | 'speaks HTTP/1.1'

/** Some make of server. */
export interface FrontEndKind {
  readonly name: string
  /** Why its tests are skipped. */
  readonly missing: string | false
  readonly features: ReadonlySet<Feature>
  /** Starts one, which answers on `port` of loopback as the back end says. */
  start(settings: FrontEndSettings, backEnd: BackEnd, port: number): Promise<FrontEnd>
}

/** What a server's program needs besides the command. */
export interface Program {
  readonly program: string
  readonly port: number
  /** Its arguments; files of its own are in `directory`. */
  readonly args: (directory: string) => readonly string[]
  /** What is written there first, by name. */
  readonly files?: (directory: string) => Readonly<Record<string, string>>
  /** The version of TLS, for a program that has no option for it and is to be told by OpenSSL's configuration. */
  readonly tls?: FrontEndSettings['tls']
  /** The signals that it takes for `quit` and `reload`. */
  readonly quits?: NodeJS.Signals
  readonly reloads?: NodeJS.Signals
}

const WITHOUT_TLS_1_3 = `
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = all
[all]
Protocol = -TLSv1.3
`

/** A program of the system, with a temporary directory of its own. */
export class ProgramFrontEnd implements FrontEnd {
  readonly environment: CustomEnvironment
  readonly #process: ChildServer
  readonly #directory: string
  readonly #program: Program

  private constructor(process: ChildServer, directory: string, program: Program) {
    this.environment = { host: '127.0.0.1', port: process.port, ca: LOCALHOST.cert }
    this.#process = process
    this.#directory = directory
    this.#program = program
  }

  static async start(program: Program): Promise<ProgramFrontEnd> {
    const directory = await mkdtemp(join(tmpdir(), 'interop-'))
    const files = { 'openssl.cnf': WITHOUT_TLS_1_3, ...program.files?.(directory) }
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(directory, name), content)
    }
    const process = await ChildServer.start(program.program, () => program.args(directory), {
      port: program.port,
      variables: program.tls === 'TLSv1.2' ? { OPENSSL_CONF: join(directory, 'openssl.cnf') } : {},
    })
    return new ProgramFrontEnd(process, directory, program)
  }

  get ended(): boolean {
    return this.#process.ended
  }

  async quit(): Promise<void> {
    this.#process.signal(required(this.#program.quits))
    while (await accepts(this.#program.port)) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  reload(): void {
    this.#process.signal(required(this.#program.reloads))
  }

  kill(): Promise<void> {
    return this.#process.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true })
  }
}

function required(signal: NodeJS.Signals | undefined): NodeJS.Signals {
  if (signal === undefined) throw new Error('this server has no signal for it')
  return signal
}
