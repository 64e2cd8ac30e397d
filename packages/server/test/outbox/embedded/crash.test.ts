import { outboxCrashes } from '../crashes.js'
import { embeddedCrashStore } from '../support/crash-store.js'
import { withFolder } from '../support/embedded-place.js'

outboxCrashes('embedded', (work) => withFolder((path) => work(embeddedCrashStore(path))))
