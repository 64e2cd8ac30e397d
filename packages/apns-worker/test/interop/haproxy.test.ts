import { conformance } from './conformance.js'
import { HAPROXY } from './servers/haproxy.js'

conformance(HAPROXY)
