import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from '../config/server-config.js'
import { ServerError } from './server-error.js'

/** For whoever runs the server alone. */
const OWN_MODE = 0o600
/** For its group too. */
const GROUP_MODE = 0o660
/** With it a socket is made for nobody but its owner, until its mode is set. */
const PRIVATE_UMASK = 0o177

export interface ListeningOptions {
  readonly listen: ServerConfig['listen']
  /** Whether an API key is needed: a socket without is for the server's own user alone, one with for its group too. */
  readonly hasKeys: boolean
}

/**
 * Has the API listen on TCP, or on a socket of the file system. A socket that nobody answers at, left by a server that was
 * killed, is taken over; anything else that is there is left alone.
 *
 * @returns where: an `http` or `https` address, or `unix:` and the path
 * @throws {ServerError} `CANNOT_LISTEN`
 */
export async function startListening(
  api: FastifyInstance,
  { listen, hasKeys }: ListeningOptions,
): Promise<string> {
  try {
    if (!('path' in listen)) return await api.listen({ host: listen.host, port: listen.port })
    await removeStaleSocket(listen.path)
    const umask = process.umask(PRIVATE_UMASK)
    try {
      await api.listen({ path: listen.path })
    } finally {
      process.umask(umask)
    }
    await chmod(listen.path, hasKeys ? GROUP_MODE : OWN_MODE)
    return `unix:${listen.path}`
  } catch (cause) {
    if (cause instanceof ServerError) throw cause
    throw new ServerError('CANNOT_LISTEN', `cannot listen on ${nameOf(listen)}: ${reasonOf(cause)}`, {
      cause,
    })
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (stats === undefined) return
  if (!stats.isSocket()) {
    throw new ServerError('CANNOT_LISTEN', `cannot listen on unix:${path}: a file is there that is no socket`)
  }
  if (await answers(path)) {
    throw new ServerError('CANNOT_LISTEN', `cannot listen on unix:${path}: another program listens there`)
  }
  await unlink(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve(false)
      else reject(error)
    })
  })
}

function nameOf(listen: ServerConfig['listen']): string {
  return 'path' in listen ? `unix:${listen.path}` : `${listen.host}:${listen.port}`
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return 'another program listens there'
  if (code === 'EACCES') return 'this user may not'
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return message
}
