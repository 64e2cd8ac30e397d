/** A client of the gateway on bare `node:tls`, with frames of its own: what the gateway is tested with. */
import { once } from 'node:events'
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { type Gateway, type GatewayOptions, startGateway } from '@apns-worker/simulator'

export const TOPIC = 'com.example.app'
export const PAYLOAD = '{"aps":{"alert":"hello"}}'

/** A token of 32 bytes that ends in this number. */
export function token(number: number): string {
  return number.toString(16).padStart(64, '0')
}

export interface FrameFields {
  readonly token?: string
  readonly payload?: string | Buffer
  readonly ident?: number
  readonly expiration?: number
}

export function simpleFrame(fields: FrameFields = {}): Buffer {
  return Buffer.concat([Buffer.of(0), plainFields(fields)])
}

export function enhancedFrame(fields: FrameFields = {}): Buffer {
  const { ident = 1, expiration = 0 } = fields
  return Buffer.concat([Buffer.of(1), uint32(ident), uint32(expiration), plainFields(fields)])
}

/** A command 2 frame with token, payload and ident; an item of undefined is left out. */
export function itemsFrame(fields: FrameFields = {}, further: readonly Buffer[] = []): Buffer {
  const { token: hex = token(1), payload = PAYLOAD, ident = 1, expiration } = fields
  const items = [item(1, Buffer.from(hex, 'hex')), item(2, Buffer.from(payload)), item(3, uint32(ident))]
  if (expiration !== undefined) items.push(item(4, uint32(expiration)))
  return frameOf([...items, ...further])
}

export function frameOf(items: readonly Buffer[]): Buffer {
  const data = Buffer.concat(items)
  return Buffer.concat([Buffer.of(2), uint32(data.length), data])
}

export function item(id: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.of(id), uint16(data.length), data])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function plainFields({ token: hex = token(1), payload = PAYLOAD }: FrameFields): Buffer {
  const [tokenBytes, payloadBytes] = [Buffer.from(hex, 'hex'), Buffer.from(payload)]
  return Buffer.concat([uint16(tokenBytes.length), tokenBytes, uint16(payloadBytes.length), payloadBytes])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export class GatewayClient {
  readonly socket: TLSSocket
  readonly pieces: Buffer[] = []
  readonly #closed: Promise<void>

  constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (piece: Buffer) => this.pieces.push(piece))
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => resolve())
    })
  }

  write(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** One byte to a write, and so to a TLS record. */
  writeSlowly(bytes: Buffer): void {
    for (const byte of bytes) this.socket.write(Buffer.of(byte))
  }

  /** Everything that was received, once the connection has ended. */
  async ended(): Promise<Buffer> {
    await this.#closed
    return Buffer.concat(this.pieces)
  }

  /** Status and ident of the error response, once the connection has ended; undefined without a response. */
  async response(): Promise<{ status: number; ident: number } | undefined> {
    const bytes = await this.ended()
    if (bytes.length === 0) return undefined
    if (bytes.length !== 6 || bytes[0] !== 8) throw new Error(`no error response: ${bytes.toString('hex')}`)
    return { status: bytes.readUInt8(1), ident: bytes.readUInt32BE(2) }
  }
}

export interface Lab {
  readonly gateway: Gateway
  /** A connection to the gateway with a good certificate. */
  connect(options?: ConnectionOptions): Promise<GatewayClient>
  /** A connection to the feedback service, likewise. */
  connectFeedback(): Promise<GatewayClient>
}

/** Runs a test against a gateway and closes everything behind it. */
export async function withGateway(options: GatewayOptions, test: (lab: Lab) => Promise<void>): Promise<void> {
  const gateway = await startGateway(options)
  const { host, ca } = gateway
  const { cert, key } = gateway.clientCertificate({ topics: [TOPIC] })
  const sockets: TLSSocket[] = []
  const open = async (port: number, further: ConnectionOptions = {}): Promise<GatewayClient> => {
    const socket = tls.connect({ host, port, ca, cert, key, ...further })
    sockets.push(socket)
    const client = new GatewayClient(socket)
    await once(socket, 'secureConnect')
    return client
  }
  try {
    await test({
      gateway,
      connect: (further) => open(gateway.port, further),
      connectFeedback: () => open(gateway.feedbackPort),
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    await gateway.close()
  }
}
