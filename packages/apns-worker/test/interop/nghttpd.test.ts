import { conformance } from './conformance.js'
import { NGHTTPD } from './servers/nghttpd.js'

conformance(NGHTTPD)
