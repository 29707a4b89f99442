-- What searches for plates stand on: each plate once, with what its ends, its middle and its
-- look-alikes are found by. Filled behind the events, see plates.py: `plates_known` says how far.
CREATE TABLE plate (
  text text COLLATE "C" PRIMARY KEY,
  reversed text COLLATE "C" NOT NULL,
  folded text COLLATE "C" NOT NULL           -- look-alike characters made one
);
CREATE INDEX plate_reversed ON plate (reversed);
CREATE INDEX plate_folded ON plate (folded);

CREATE TABLE plates_known (
  one integer PRIMARY KEY CHECK (one = 1),
  last_seq bigint NOT NULL                   -- plates of events up to here are in table plate
);
INSERT INTO plates_known VALUES (1, 0);

-- Pages of passages are ordered by first sight, as the views show it.
DROP INDEX passage_camera;
DROP INDEX passage_plate;
CREATE INDEX passage_camera ON passage
  (camera, to_timestamp(first_seen_ms::double precision / 1000), first_seq);
CREATE INDEX passage_plate ON passage
  (plate, to_timestamp(first_seen_ms::double precision / 1000), first_seq);
