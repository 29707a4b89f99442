-- What the views stand on, in one schema that `search_path` names. Private: third parties read the
-- views of contract_1.sql, never these tables. Several platewire nodes may write here.
--
-- Text is collated "C": sorted by code points, as SQLite does, and a prefix search uses the index.

-- One row. Its lock is taken by each batch before it numbers its events, and held until it is
-- committed: so numbers have no gaps and become visible in their order.
CREATE TABLE log (
  one integer PRIMARY KEY CHECK (one = 1),
  last_seq bigint NOT NULL
);
INSERT INTO log VALUES (1, 0);

CREATE TABLE node (
  name text COLLATE "C" PRIMARY KEY,
  system_id bigint NOT NULL
);

CREATE TABLE camera (
  node text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  channel_index integer,
  last_seq bigint,
  last_seen_ms bigint,
  PRIMARY KEY (node, name)
);

CREATE TABLE zone (
  node text COLLATE "C" NOT NULL,
  camera text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  zone_index integer NOT NULL,
  PRIMARY KEY (node, camera, name)
);

-- One partition a month of `recorded_ms`, named event_YYYY_MM; see partitions.py.
CREATE TABLE event (
  seq bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  passage text COLLATE "C" NOT NULL,
  passage_number bigint NOT NULL,
  revision integer NOT NULL,
  occurred_ms bigint NOT NULL,
  first_seen_ms bigint NOT NULL,
  last_seen_ms bigint NOT NULL,
  recorded_ms bigint NOT NULL,
  camera text COLLATE "C" NOT NULL,
  zone text COLLATE "C",
  direction text COLLATE "C" NOT NULL,
  plate text COLLATE "C" NOT NULL,
  plate_display text COLLATE "C" NOT NULL,
  plate_raw text COLLATE "C" NOT NULL,
  plate_unicode text COLLATE "C" NOT NULL,
  country text COLLATE "C",
  region text COLLATE "C",
  plate_confidence double precision NOT NULL,
  make text COLLATE "C",
  make_confidence double precision,
  model text COLLATE "C",
  model_confidence double precision,
  type text COLLATE "C",
  type_confidence double precision,
  color text COLLATE "C",
  color_confidence double precision,
  reads integer NOT NULL,
  test boolean NOT NULL,
  plate_image text COLLATE "C",
  vehicle_image text COLLATE "C",
  frame_image text COLLATE "C",
  body text COLLATE "C" NOT NULL,
  node text COLLATE "C" NOT NULL,
  node_seq bigint NOT NULL,
  plate_left double precision NOT NULL,
  plate_top double precision NOT NULL,
  plate_width double precision NOT NULL,
  plate_height double precision NOT NULL
) PARTITION BY RANGE (recorded_ms);

-- An event keeps its id and its recorded time however often it is sent.
CREATE UNIQUE INDEX event_id ON event (id, recorded_ms);
CREATE INDEX event_seq ON event (seq);
CREATE INDEX event_passage ON event (passage_number);
CREATE INDEX event_camera ON event (camera);
CREATE INDEX event_plate ON event (plate);
-- Events come nearly in the order of time, so ranges of blocks are enough and cost nothing.
CREATE INDEX event_occurred_ms ON event USING brin (occurred_ms) WITH (pages_per_range = 16);
CREATE INDEX event_occurred_at ON event
  USING brin (to_timestamp(occurred_ms::double precision / 1000)) WITH (pages_per_range = 16);

-- Where the newest event of each passage is; an event is a full snapshot, so that is all of it.
CREATE TABLE passage (
  id text COLLATE "C" PRIMARY KEY,
  node text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  revision integer NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  recorded_ms bigint NOT NULL,               -- of its newest event
  first_seen_ms bigint NOT NULL,
  camera text COLLATE "C" NOT NULL,
  plate text COLLATE "C" NOT NULL,
  open boolean NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX passage_last_seq ON passage (last_seq);
CREATE INDEX passage_number ON passage (number);
CREATE INDEX passage_first_seq ON passage (first_seq);
CREATE INDEX passage_first_seen_at ON passage
  (to_timestamp(first_seen_ms::double precision / 1000));
CREATE INDEX passage_first_seen_ms ON passage
  USING brin (first_seen_ms) WITH (pages_per_range = 16);
CREATE INDEX passage_camera ON passage (camera);
CREATE INDEX passage_plate ON passage (plate);

-- Pictures go with the month of the events that show them; one that is shown in two months is
-- kept in both. `month_ms` is the beginning of the month.
CREATE TABLE image (
  sha256 text COLLATE "C" NOT NULL,
  month_ms bigint NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  bytes bigint NOT NULL,
  jpeg bytea,
  path text COLLATE "C" NOT NULL,
  PRIMARY KEY (sha256, month_ms)
) PARTITION BY RANGE (month_ms);
-- JPEG does not get smaller by being compressed again.
ALTER TABLE image ALTER COLUMN jpeg SET STORAGE EXTERNAL;

CREATE TABLE month (
  month_ms bigint PRIMARY KEY,
  end_ms bigint NOT NULL,
  suffix text NOT NULL
);
