import { conformance } from './conformance.js'
import { H2O } from './servers/h2o.js'

conformance(H2O)
