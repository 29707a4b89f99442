-- When what an event tells of came to be known, on the clock of the boot: by that its age is judged
-- where wall time was set meanwhile. NULL for events from before, whose age nobody knows.
ALTER TABLE event ADD COLUMN boot TEXT;
ALTER TABLE event ADD COLUMN boot_seconds REAL;

-- When each boot began, by wall time as it was last believed.
CREATE TABLE boot (
  id TEXT PRIMARY KEY,
  began_ms INTEGER NOT NULL
);

-- What retention believes of the clock, as JSON; at most one row.
CREATE TABLE believed_time (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  belief BLOB NOT NULL
);
