import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What it does with whoever connects: `silent` takes the connection and answers nothing, as a machine that is gone does. */
export type ProxyMode = 'pass' | 'refuse' | 'silent'

/** Something that is said on a connection. It is short, so that it comes in one piece. */
export interface Said {
  readonly by: 'client' | 'server'
  readonly text: string
}

/** What stands between a client and a database: a network that fails, or the address that moves in a fail-over. */
export class DatabaseProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #silenced = new WeakSet<Socket>()
  readonly #cuts: (Said & { readonly done: () => void })[] = []
  #target: number
  #mode: ProxyMode = 'pass'
  /** How often somebody has connected. */
  attempts = 0
  /** How often a client has said something: a statement, as a rule. */
  requests = 0

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    server.on('connection', (socket) => this.#take(socket))
  }

  /** @param target a port of 127.0.0.1 */
  static async start(target: number): Promise<DatabaseProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new DatabaseProxy(server, target)
  }

  get port(): number {
    // It listens on a port.
    return (this.#server.address() as AddressInfo).port
  }

  /** The address of a database by way of this. */
  through(url: string): string {
    const parsed = new URL(url)
    parsed.port = `${this.port}`
    return parsed.href
  }

  /** Where new connections lead from now on. */
  lead(target: number): void {
    this.#target = target
  }

  /** For new connections; those that are there stay until {@link cut}. */
  set(mode: ProxyMode): void {
    this.#mode = mode
  }

  /** Whatever is said from now on over the connections that are there is lost, and nobody is told so. */
  silence(): void {
    for (const socket of this.#sockets) this.#silenced.add(socket)
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Cuts the connection on which that is said next, instead of passing it on; resolves when it is done. */
  cutAt(said: Said): Promise<void> {
    return new Promise((resolve) => this.#cuts.push({ ...said, done: resolve }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #take(client: Socket): void {
    this.attempts++
    if (this.#mode === 'refuse') {
      client.resetAndDestroy()
      return
    }
    this.#keep(client)
    if (this.#mode === 'silent') return
    const server = connect(this.#target, '127.0.0.1')
    this.#keep(server)
    this.#pass(client, server, 'client')
    this.#pass(server, client, 'server')
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #pass(from: Socket, to: Socket, by: Said['by']): void {
    from.on('data', (chunk) => {
      if (this.#silenced.has(from)) return
      if (by === 'client') this.requests++
      const index = this.#cuts.findIndex((cut) => cut.by === by && chunk.includes(cut.text))
      if (index === -1) {
        to.write(chunk)
        return
      }
      const [cut] = this.#cuts.splice(index, 1)
      from.resetAndDestroy()
      to.resetAndDestroy()
      cut?.done()
    })
    from.on('close', () => to.destroy())
  }
}
