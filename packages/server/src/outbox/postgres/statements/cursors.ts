import type { Statement } from '../../../postgres/statement.js'

export const READ_CURSOR: Statement<[name: string], { position: number }> = {
  text: 'SELECT position FROM apns_worker.cursors WHERE name = $1',
}

export const MOVE_CURSOR: Statement<[name: string, position: number]> = {
  text: `INSERT INTO apns_worker.cursors (name, position) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position`,
}
