import { conformance } from './conformance.js'
import { NODE } from './servers/node.js'

conformance(NODE)
