import type { Readable } from 'node:stream'
import { ApiProblem } from '../problem/api-problem.js'

/**
 * What has arrived of a body since it was last asked, once something has; undefined at its end. Nothing is read meanwhile, so
 * that whoever sends too fast has to wait.
 *
 * @throws {ApiProblem} `REQUEST_TIMEOUT` when nothing comes for so long
 * @throws whatever ends the body before its time
 */
export function nextChunk(body: Readable, idleMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      body.removeListener('readable', look).removeListener('end', look).removeListener('close', look)
      body.removeListener('error', look)
      act()
    }
    const look = (): void => {
      // The type of a stream's chunks is unknown to its declaration; a body's are bytes.
      const chunk = body.read() as Buffer | null
      if (chunk !== null) settle(() => resolve(chunk))
      else if (body.errored !== null) settle(() => reject(body.errored ?? new Error('the body has failed')))
      else if (body.readableEnded) settle(() => resolve(undefined))
      else if (body.destroyed) settle(() => reject(new Error('the body has ended too early')))
    }
    const late = (): void => {
      const detail = `nothing more of the list came for ${idleMs / 1000} s`
      settle(() => reject(new ApiProblem('REQUEST_TIMEOUT', detail)))
    }
    const timer = setTimeout(late, idleMs)
    body.on('readable', look).on('end', look).on('close', look).on('error', look)
    look()
  })
}
