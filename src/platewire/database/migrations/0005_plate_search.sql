-- What searches for plates stand on: each plate once, with what its ends, its middle and its
-- look-alikes are found by. Filled behind the log, see database/plates.py: `plates_known` says how
-- far. Nothing here is done while events are appended.
CREATE TABLE plate (
  text TEXT PRIMARY KEY,
  reversed TEXT NOT NULL,
  folded TEXT NOT NULL                     -- look-alike characters made one
) WITHOUT ROWID;
CREATE INDEX plate_reversed ON plate (reversed);
CREATE INDEX plate_folded ON plate (folded);

CREATE TABLE plates_known (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  last_seq INTEGER NOT NULL                -- plates of events up to here are in table plate
);
INSERT INTO plates_known VALUES (1, 0);

CREATE TRIGGER plate_goes_with_its_last_event AFTER DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM event WHERE plate = OLD.plate)
BEGIN
  DELETE FROM plate WHERE text = OLD.plate;
END;

-- Pages of passages are ordered by first sight.
DROP INDEX passage_camera;
DROP INDEX passage_plate;
CREATE INDEX passage_camera ON passage (camera, first_seen_ms);
CREATE INDEX passage_plate ON passage (plate, first_seen_ms);
