import { makeCertificate } from '../certificate.mjs'

/** Seconds of silence that are a success, and a part of the measured time: the gateway gives no answers. */
const MESSAGE_GRACE = 0.5

/**
 * The same message and list, over the retired binary protocol.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open({ port, cert, payload, library }) {
  const { ApnsManager, BinaryBackend, Message } = await import(library)
  const manager = new ApnsManager({
    ...makeCertificate(),
    environment: { host: '127.0.0.1', port, ca: cert },
    backend: BinaryBackend,
    messageGrace: MESSAGE_GRACE,
  })
  return {
    async send(tokens) {
      const report = await manager.sendMessage(new Message(tokens, payload)).done()
      return { accepted: report.succeeded, refused: report.failed }
    },
    close: () => manager.close({ timeout: 5 }),
  }
}
