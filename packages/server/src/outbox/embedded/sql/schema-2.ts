/**
 * The log of dead tokens, and the list of those that nothing is sent to: a token's row there has a new `sequence` each time
 * that it comes on the list, so that every process sees what others have added. `cursors` are places of the log's readers.
 */
export const SCHEMA_2 = `
ALTER TABLE messages ADD COLUMN ignore_suppression INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN registered_at INTEGER;
ALTER TABLE messages ADD COLUMN span_since INTEGER;
ALTER TABLE messages ADD COLUMN span_settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN span_before_since INTEGER;
ALTER TABLE messages ADD COLUMN span_before_settled INTEGER NOT NULL DEFAULT 0;

CREATE TABLE feedback (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  app_id INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  message_uuid TEXT NOT NULL,
  token BLOB NOT NULL
) STRICT;
CREATE INDEX feedback_of_app ON feedback (app_id, position);
CREATE INDEX feedback_age ON feedback (recorded_at);

CREATE TABLE suppressed (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  app_id INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  reason TEXT NOT NULL,
  token BLOB NOT NULL,
  UNIQUE (app_id, token)
) STRICT;
CREATE INDEX suppressed_of_app ON suppressed (app_id, sequence);

CREATE TABLE cursors (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`
