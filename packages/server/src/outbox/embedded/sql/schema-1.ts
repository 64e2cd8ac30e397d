/**
 * The tokens are apart from their batches, which change at each claim and with each progress: SQLite writes a row anew
 * whole. `settled` has a bit for each token.
 *
 * Each partial index is one question that is asked often, and holds only the rows that answer it.
 */
export const SCHEMA_1 = `
CREATE TABLE outbox (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  paused INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  last_fence INTEGER NOT NULL DEFAULT 0,
  virtual_time INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO outbox (only) VALUES (1);

CREATE TABLE apps (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  paused INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  served INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  app_id INTEGER NOT NULL,
  state INTEGER NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0,
  priority INTEGER NOT NULL,
  drop_ambiguous INTEGER NOT NULL,
  keep_all INTEGER NOT NULL,
  deliver_after INTEGER,
  give_up_after INTEGER,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  total INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  expired INTEGER NOT NULL DEFAULT 0,
  unknown INTEGER NOT NULL DEFAULT 0,
  suppressed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  content TEXT NOT NULL
) STRICT;
CREATE INDEX messages_of_app ON messages (app_id, id);
CREATE INDEX messages_unfinished ON messages (app_id, id) WHERE finished_at IS NULL;
CREATE INDEX messages_finished ON messages (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX messages_cancelled ON messages (id) WHERE state = 3 AND finished_at IS NULL;
CREATE INDEX messages_purged ON messages (id) WHERE state = 4;

CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL,
  app_id INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  count INTEGER NOT NULL,
  token_bytes INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  state INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  give_up_at INTEGER,
  in_doubt INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  owner TEXT,
  lease_until INTEGER,
  settled BLOB
) STRICT;
CREATE INDEX batches_of_message ON batches (message_id);
CREATE INDEX batches_ready ON batches (app_id, priority DESC, message_id, id) WHERE state = 1;
CREATE INDEX batches_waiting ON batches (due_at) WHERE state = 2;
CREATE INDEX batches_leased ON batches (lease_until) WHERE state = 3;
CREATE INDEX batches_give_up ON batches (give_up_at) WHERE give_up_at IS NOT NULL AND state <> 3;

CREATE TABLE tokens (
  batch_id INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE outcomes (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id INTEGER NOT NULL,
  token_index INTEGER NOT NULL,
  status INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  timestamp INTEGER,
  reason TEXT,
  token BLOB NOT NULL
) STRICT;
CREATE INDEX outcomes_of_message ON outcomes (message_id);

CREATE TABLE reasons (
  message_id INTEGER NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (message_id, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  app_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  digest BLOB NOT NULL,
  message_uuid TEXT NOT NULL,
  total INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (app_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);
`
