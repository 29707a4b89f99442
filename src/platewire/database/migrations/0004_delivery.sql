-- What deliveries remember beside their floor: the few acknowledged above it, events parked for
-- their next attempt, attempts, and what each transfer asked for since when.

ALTER TABLE cursor ADD COLUMN above TEXT NOT NULL DEFAULT '';   -- "4-7,9"

-- A dead letter: `rejected`, `exhausted`, `expired`, or a `gap` from first_seq to seq.
ALTER TABLE undelivered ADD COLUMN first_seq INTEGER;
ALTER TABLE undelivered ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE undelivered ADD COLUMN discarded_at TEXT;           -- ISO 8601, UTC
ALTER TABLE undelivered ADD COLUMN discard_reason TEXT NOT NULL DEFAULT '';

CREATE TABLE parked (
  transfer TEXT NOT NULL,
  seq INTEGER NOT NULL,
  passage TEXT NOT NULL,
  next_at TEXT NOT NULL,                   -- ISO 8601, UTC
  attempts INTEGER NOT NULL,
  waited_seconds REAL NOT NULL,
  error TEXT NOT NULL,
  requeued INTEGER NOT NULL,
  PRIMARY KEY (transfer, seq)
);
CREATE INDEX parked_seq ON parked (seq);

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  transfer TEXT NOT NULL,
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at TEXT NOT NULL,                        -- ISO 8601, UTC
  seconds REAL NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER,
  request TEXT NOT NULL,
  answer TEXT NOT NULL,
  error TEXT NOT NULL
);
CREATE INDEX attempt_event ON attempt (transfer, seq, id);
CREATE INDEX attempt_seq ON attempt (seq);

CREATE TABLE selection (
  transfer TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  settings BLOB NOT NULL,                  -- JSON
  PRIMARY KEY (transfer, from_seq)
);

-- Parked events that retention took with them are told by their delivery.
CREATE TRIGGER attempts_go_with_their_events AFTER UPDATE OF first_seq ON log
BEGIN
  DELETE FROM attempt WHERE seq < NEW.first_seq;
END;
