import { conformance } from './conformance.js'
import { NGHTTPX } from './servers/nghttpx.js'

conformance(NGHTTPX)
