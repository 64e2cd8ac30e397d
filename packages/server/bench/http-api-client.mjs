// Sends requests for `http-api.mjs`, which starts it: over plain sockets, since a client library costs as much as the server.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

const [{ port, seconds, connections, key }] = await once(process, 'message')
await run()

async function run() {
  const latencies = []
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const end = start + seconds * 1000
  await Promise.all(Array.from({ length: connections }, () => sendUntil(end, port, key, latencies)))
  const elapsed = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  latencies.sort((left, right) => left - right)
  const quantile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
  const count = latencies.length
  process.send(
    { count, seconds: elapsed, latencies: [0.5, 0.99, 1].map(quantile), clientCpu: (user + system) / count },
    () => process.disconnect(),
  )
}

/** One request after the other, over one connection. */
function sendUntil(end, port, key, latencies) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let sentAt = 0
    let answer = ''
    const send = () => {
      sentAt = performance.now()
      socket.write(requestOf(port, key))
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      const head = answer.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1])
      if (answer.length < head + 4 + length) return
      if (!answer.startsWith('HTTP/1.1 202')) return reject(new Error(answer))
      answer = ''
      const now = performance.now()
      latencies.push(now - sentAt)
      if (now < end) return send()
      socket.end()
      resolve()
    })
  })
}

function requestOf(port, key) {
  const token = randomBytes(32).toString('hex')
  const payload = { aps: { alert: { title: 'News', body: 'It is here, and it is new.' } } }
  const body = JSON.stringify({ app: 'news', tokens: [token], payload, priority: 10 })
  const authorization = key === undefined ? '' : `authorization: Bearer ${key}\r\n`
  return `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${authorization}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}
