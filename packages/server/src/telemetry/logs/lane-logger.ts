import { ApnsError, type Logger } from 'apns-worker'
import type { Logger as ServerLog } from 'pino'
import type { LaneLabels } from '../metrics/lane-labels.js'

/**
 * The server's log, for what a lane's manager has to say. The library has the text first, and pino the facts.
 *
 * @param labelsOf asked for each line: what an app's environment is may not be known yet when its manager is made
 */
export function laneLogger(log: ServerLog, labelsOf: () => LaneLabels): Logger {
  const write =
    (level: keyof Logger) =>
    (text: string, details: object = {}): void => {
      const labels = labelsOf()
      log[level]({ ...labels, ...details, ...hintFor(labels.app, details) }, text)
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** The library says to call `resume()`, which is a request here. */
function hintFor(app: string, details: object): object {
  if (!('error' in details && details.error instanceof ApnsError)) return {}
  const { reason, action } = details.error
  return { reason, action, resume: `POST /v1/apps/${encodeURIComponent(app)}/resume` }
}
