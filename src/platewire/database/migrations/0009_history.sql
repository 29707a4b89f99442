-- The identity of the log, and the numbers that no event will ever have: a log that was cut back
-- goes on above all that was given out. See numbering.py.
ALTER TABLE log ADD COLUMN log_id TEXT NOT NULL DEFAULT '';   -- UUID, made when first opened

-- The beginning of each epoch but the first. No number is empty where last_seq < first_seq.
CREATE TABLE gap (
  epoch INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  found_at TEXT NOT NULL,                  -- ISO 8601, UTC
  reason TEXT NOT NULL
);

-- As before, but the end of the log may be raised over a gap that begins right behind it.
DROP TRIGGER log_has_no_gaps;
CREATE TRIGGER log_has_no_gaps BEFORE UPDATE OF last_seq ON log
WHEN NEW.last_seq < OLD.last_seq
  OR CASE
    WHEN NEW.last_seq > OLD.last_seq AND EXISTS (
      SELECT 1 FROM gap WHERE first_seq = OLD.last_seq + 1 AND last_seq = NEW.last_seq
    )
    THEN EXISTS (SELECT 1 FROM event WHERE seq > OLD.last_seq)
    ELSE NEW.last_seq - OLD.last_seq <> (SELECT count(*) FROM event WHERE seq > OLD.last_seq)
      OR NEW.last_seq > OLD.last_seq AND NEW.last_seq <> (SELECT max(seq) FROM event)
  END
BEGIN
  SELECT RAISE(ABORT, 'events are numbered without gaps');
END;
