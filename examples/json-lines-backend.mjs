// A backend of your own: it writes each notification as a line of JSON. Give its path to loadBackend, or the class to
// ApnsManager. Everything that it needs to know is in the documentation of Backend.
import { Backend } from 'apns-worker'

export class JsonLinesBackend extends Backend {
  // It says of each notification what became of it, so silence is never taken for success.
  static settlesEach = true

  #output = process.stdout

  start() {}

  stop() {}

  queueNotify() {
    for (let notification = this.queue.claim(); notification; notification = this.queue.claim()) {
      const { token, message } = notification
      this.#output.write(`${JSON.stringify({ token, payload: message.payload })}\n`)
      this.queue.settle(notification)
    }
  }

  // Nobody tells it of dead tokens.
  startFeedback() {}
}
