import { availableDrivers } from '#src/outbox/embedded/database.js'
import { outboxContract } from '../contract.js'
import { embeddedPlaces } from '../support/embedded-place.js'

for (const driver of availableDrivers()) outboxContract(`embedded, ${driver}`, embeddedPlaces(driver))
