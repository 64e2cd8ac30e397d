import { connect } from 'node:net'
import type { CustomEnvironment } from 'apns-worker'
import { startTcpServer, type TestServer } from '../support/test-servers.js'

/** A way to a server, which counts the connections to it. */
export function startRelay({ port, ca }: CustomEnvironment): Promise<TestServer> {
  return startTcpServer((socket) => {
    const onward = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
    socket.setNoDelay(true)
    onward.on('error', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
    // What still comes when the server has gone is for nobody.
    onward.on('close', () => socket.resume())
    socket.on('close', () => onward.destroy())
  }, ca)
}
