import { ApnsManager, type ApnsManagerOptions } from 'apns-worker'
import { UsageError } from './usage-error.js'

/**
 * Makes a manager. Its options come from the command line, so that one which makes no sense is the user's concern.
 *
 * @throws {UsageError} for an option that makes no sense; and the library's errors for a credential
 */
export function makeManager(options: ApnsManagerOptions): ApnsManager {
  try {
    return new ApnsManager(options)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
}
