import { conformance } from './conformance.js'
import { NGINX } from './servers/nginx.js'

conformance(NGINX)
