// Sends with a backend that is loaded by its module's path, as a configuration file would name it.

import { fileURLToPath } from 'node:url'
import { ApnsManager, loadBackend } from 'apns-worker'

const path = fileURLToPath(new URL('json-lines-backend.mjs', import.meta.url))
const apns = new ApnsManager({ backend: await loadBackend(path) })

const { succeeded } = await apns.sendAps(['740f4707', 'bebcf74f'], { alert: 'Hello' }).done()
console.log(`${succeeded} written`)
await apns.close()
