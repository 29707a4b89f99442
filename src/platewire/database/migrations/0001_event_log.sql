-- The event log and what is projected from it. Private: third parties read the views of
-- contract.sql, never these tables. No STRICT tables and no functions newer than SQLite 3.31, so
-- that the readers' own, older SQLite can open the file.

-- One row. The triggers keep the numbers, so that they hold whoever writes.
CREATE TABLE log (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  first_seq INTEGER NOT NULL DEFAULT 1,
  last_seq INTEGER NOT NULL DEFAULT 0,
  last_passage_number INTEGER NOT NULL DEFAULT 0,
  file_bytes INTEGER NOT NULL DEFAULT 0,   -- picture files beside the database
  folder TEXT NOT NULL DEFAULT '',         -- absolute path of the folder of the database
  system_id INTEGER                        -- NumberOk's number of this installation
);
INSERT INTO log (one) VALUES (1);

-- Each event as its native JSON, and the columns that views filter, sort and show.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('new', 'updated', 'lost')),
  passage TEXT NOT NULL,
  passage_number INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  occurred_ms INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  recorded_ms INTEGER NOT NULL,
  camera TEXT NOT NULL,
  zone TEXT,
  direction TEXT NOT NULL,
  plate TEXT NOT NULL,
  plate_display TEXT NOT NULL,
  plate_raw TEXT NOT NULL,
  plate_unicode TEXT NOT NULL,
  country TEXT,
  region TEXT,
  plate_confidence REAL NOT NULL,
  make TEXT,
  make_confidence REAL,
  model TEXT,
  model_confidence REAL,
  type TEXT,
  type_confidence REAL,
  color TEXT,
  color_confidence REAL,
  reads INTEGER NOT NULL,
  test INTEGER NOT NULL,
  plate_image TEXT,
  vehicle_image TEXT,
  frame_image TEXT,
  body BLOB NOT NULL CHECK (typeof(body) = 'blob')
);
CREATE INDEX event_occurred ON event (occurred_ms);
CREATE INDEX event_passage ON event (passage_number);
CREATE INDEX event_camera ON event (camera);
CREATE INDEX event_plate ON event (plate);

-- Where the newest event of each passage is; an event is a full snapshot, so that is all of it.
CREATE TABLE passage (
  first_seq INTEGER PRIMARY KEY,           -- of its first event, also once that is deleted
  number INTEGER NOT NULL UNIQUE,
  id TEXT NOT NULL UNIQUE,
  last_seq INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  camera TEXT NOT NULL,
  plate TEXT NOT NULL,
  open INTEGER NOT NULL CHECK (open IN (0, 1))
);
CREATE INDEX passage_first_seen ON passage (first_seen_ms);
CREATE INDEX passage_camera ON passage (camera);
CREATE INDEX passage_plate ON passage (plate);
CREATE INDEX passage_open ON passage (first_seq) WHERE open;

-- An append inserts its events, then raises last_seq over them in one step: that refuses gaps and
-- projects the passages, once per transaction instead of once per row.
CREATE TRIGGER log_has_no_gaps BEFORE UPDATE OF last_seq ON log
WHEN NEW.last_seq < OLD.last_seq
  OR NEW.last_seq - OLD.last_seq <> (SELECT count(*) FROM event WHERE seq > OLD.last_seq)
  OR NEW.last_seq > OLD.last_seq AND NEW.last_seq <> (SELECT max(seq) FROM event)
BEGIN
  SELECT RAISE(ABORT, 'events are numbered without gaps');
END;

CREATE TRIGGER log_projects_passages AFTER UPDATE OF last_seq ON log
WHEN NEW.last_seq > OLD.last_seq
BEGIN
  INSERT INTO passage (first_seq, number, id, last_seq, first_seen_ms, camera, plate, open)
  SELECT seq, passage_number, passage, seq, first_seen_ms, camera, plate, kind <> 'lost'
  FROM event WHERE seq > OLD.last_seq ORDER BY seq
  ON CONFLICT (number) DO UPDATE SET
    last_seq = excluded.last_seq, first_seen_ms = excluded.first_seen_ms,
    plate = excluded.plate, open = excluded.open;
END;

CREATE TRIGGER event_comes_after_the_last BEFORE INSERT ON event
WHEN NEW.seq <= (SELECT last_seq FROM log)
BEGIN
  SELECT RAISE(ABORT, 'events are appended at the end');
END;

CREATE TRIGGER event_is_never_edited BEFORE UPDATE ON event
BEGIN
  SELECT RAISE(ABORT, 'events are never edited');
END;

-- Retention first raises first_seq, then deletes what is below it.
CREATE TRIGGER event_is_kept BEFORE DELETE ON event
WHEN OLD.seq >= (SELECT first_seq FROM log)
BEGIN
  SELECT RAISE(ABORT, 'events are deleted by retention only');
END;

CREATE TRIGGER passage_goes_with_its_last_event AFTER DELETE ON event
BEGIN
  DELETE FROM passage WHERE number = OLD.passage_number AND last_seq = OLD.seq;
END;

-- Plate pictures are in here, larger ones in files whose path is relative to the folder.
CREATE TABLE image (
  sha256 TEXT PRIMARY KEY,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  jpeg BLOB,
  path TEXT,
  last_seq INTEGER NOT NULL,               -- the newest event that shows it
  CHECK ((jpeg IS NULL) <> (path IS NULL))
);
CREATE INDEX image_last_seq ON image (last_seq);

CREATE TABLE camera (
  name TEXT PRIMARY KEY,
  channel_index INTEGER
);

CREATE TABLE zone (
  camera TEXT NOT NULL,
  name TEXT NOT NULL,
  zone_index INTEGER NOT NULL,
  PRIMARY KEY (camera, name)
);

CREATE TABLE open_passages (
  camera TEXT PRIMARY KEY,
  state BLOB NOT NULL
);

CREATE TABLE cursor (
  transfer TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
);

CREATE TABLE paused (
  transfer TEXT PRIMARY KEY,
  reason TEXT NOT NULL
);

CREATE TABLE undelivered (
  transfer TEXT NOT NULL,
  seq INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  status INTEGER,
  answer TEXT NOT NULL,
  at TEXT NOT NULL,                        -- ISO 8601, UTC
  PRIMARY KEY (transfer, seq)
);
CREATE INDEX undelivered_seq ON undelivered (seq);
