/** Since when each unfinished message may be sent: those that are still open may not. */
export const SCHEMA_3 = `
CREATE INDEX messages_waiting ON messages (app_id, max(created_at, coalesce(deliver_after, 0)))
  WHERE finished_at IS NULL AND state IN (1, 3);
`
