-- Version 2 of the contract: what version 1 has, in its order and with its meaning, then more
-- columns at the end and more views. From here on both engines have the same columns.

ALTER TABLE log ADD COLUMN node TEXT NOT NULL DEFAULT '';   -- name of the site
ALTER TABLE log ADD COLUMN time_zone TEXT;                  -- of the site, as last told

-- From which moment on which offset from UTC held at the site, so that local times need no time
-- zone data in the reader. What is past is never changed: see local_time.py.
CREATE TABLE local_time (
  from_ms INTEGER PRIMARY KEY,
  minutes INTEGER NOT NULL
);
INSERT INTO local_time VALUES (-62135596800000, 0);

CREATE TABLE list_hit (
  seq INTEGER NOT NULL,
  list TEXT NOT NULL,
  kind TEXT,
  mode TEXT NOT NULL,
  entry TEXT,
  PRIMARY KEY (seq, list)
) WITHOUT ROWID;
INSERT OR IGNORE INTO list_hit
SELECT
  e.seq, json_extract(h.value, '$.name'), json_extract(h.value, '$.kind'),
  json_extract(h.value, '$.mode'), json_extract(h.value, '$.entry')
FROM event e, json_each(CAST(e.body AS TEXT), '$.lists') h;

CREATE TRIGGER list_hits_go_with_their_event AFTER DELETE ON event
BEGIN
  DELETE FROM list_hit WHERE seq = OLD.seq;
END;

-- What retention and erasure took. Retention adds to one row a day, an erasure is a row a passage.
CREATE TABLE removal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  why TEXT NOT NULL,
  day INTEGER,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  passage TEXT,
  UNIQUE (day, what, why)
);

DROP VIEW anpr_contract;
CREATE VIEW anpr_contract AS
SELECT
  2 AS contract_version,
  'platewire' AS product,
  first_seq,
  last_seq
FROM log;

DROP VIEW anpr_event;
CREATE VIEW anpr_event AS
SELECT
  seq,
  id,
  kind,
  passage,
  passage_number,
  revision,
  strftime('%Y-%m-%dT%H:%M:%fZ', occurred_ms / 1000.0, 'unixepoch') AS occurred_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_ms / 1000.0, 'unixepoch') AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_ms / 1000.0, 'unixepoch') AS last_seen_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', recorded_ms / 1000.0, 'unixepoch') AS recorded_at,
  occurred_ms,
  first_seen_ms,
  last_seen_ms,
  recorded_ms,
  camera,
  zone,
  direction,
  plate,
  plate_display,
  plate_raw,
  plate_unicode,
  country,
  region,
  plate_confidence,
  make,
  make_confidence,
  model,
  model_confidence,
  type,
  type_confidence,
  color,
  color_confidence,
  reads,
  test,
  plate_image,
  vehicle_image,
  frame_image,
  CAST(body AS TEXT) AS body,
  (SELECT l.node FROM log l) AS node,
  seq AS node_seq,
  seq AS change_seq,
  (SELECT l.node FROM log l) || '/' || camera AS camera_id,
  strftime('%Y-%m-%dT%H:%M:%f', (occurred_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS occurred_local,
  (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)
    AS utc_offset_minutes,
  CAST(strftime('%Y%m%d', (occurred_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS INTEGER) AS date_key,
  (SELECT group_concat(list, ', ')
    FROM (SELECT list FROM list_hit WHERE seq = event.seq ORDER BY list) hits) AS lists
FROM event;

DROP VIEW anpr_passage;
CREATE VIEW anpr_passage AS
SELECT
  p.number AS passage_number,
  p.id AS passage,
  CASE p.open WHEN 1 THEN 'open' ELSE 'closed' END AS state,
  e.kind,
  e.revision,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen_ms / 1000.0, 'unixepoch') AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch') AS last_seen_at,
  p.first_seen_ms,
  e.last_seen_ms,
  p.camera,
  e.zone,
  e.direction,
  p.plate,
  e.plate_display,
  e.plate_unicode,
  e.country,
  e.region,
  e.plate_confidence,
  e.make,
  e.make_confidence,
  e.model,
  e.model_confidence,
  e.type,
  e.type_confidence,
  e.color,
  e.color_confidence,
  e.reads,
  e.test,
  p.first_seq,
  p.last_seq,
  e.id AS last_event,
  e.plate_image,
  e.vehicle_image,
  e.frame_image,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image) AS plate_jpeg,
  (SELECT l.node FROM log l) AS node,
  e.seq AS change_seq,
  (SELECT l.node FROM log l) || '/' || p.camera AS camera_id,
  strftime('%Y-%m-%dT%H:%M:%f', (p.first_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS first_seen_local,
  strftime('%Y-%m-%dT%H:%M:%f', (e.last_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= e.last_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS last_seen_local,
  (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)
    AS utc_offset_minutes,
  CAST(strftime('%Y%m%d', (p.first_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS INTEGER) AS date_key,
  (e.last_seen_ms - p.first_seen_ms) / 1000.0 AS dwell_seconds,
  (SELECT group_concat(list, ', ')
    FROM (SELECT list FROM list_hit WHERE seq = e.seq ORDER BY list) hits) AS lists,
  json_extract(CAST(e.body AS TEXT), '$.images.plate.url') AS plate_link,
  json_extract(CAST(e.body AS TEXT), '$.images.vehicle.url') AS vehicle_link,
  json_extract(CAST(e.body AS TEXT), '$.images.frame.url') AS frame_link
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.passage_number = p.number;

DROP VIEW anpr_camera;
CREATE VIEW anpr_camera AS
SELECT
  c.name AS camera,
  c.channel_index,
  (SELECT count(*) FROM passage p WHERE p.camera = c.name) AS passages,
  (SELECT max(e.seq) FROM event e WHERE e.camera = c.name) AS last_seq,
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch') FROM event e
    WHERE e.camera = c.name ORDER BY e.seq DESC LIMIT 1) AS last_seen_at,
  (SELECT l.node FROM log l) AS node,
  (SELECT l.node FROM log l) || '/' || c.name AS camera_id
FROM camera c;

DROP VIEW lprevents;
CREATE VIEW lprevents AS
SELECT
  p.first_seen_ms AS timestamp_,
  p.plate AS number,
  e.type AS car_type,
  (SELECT l.folder FROM log l) || '/' || coalesce(
    (SELECT i.path FROM image i WHERE i.sha256 = e.frame_image),
    (SELECT i.path FROM image i WHERE i.sha256 = e.vehicle_image)
  ) AS framejpg,
  p.last_seq AS id,
  (SELECT system_id FROM log) AS system_id,
  p.number AS runtime_id,
  CASE e.kind WHEN 'new' THEN 'Detected' WHEN 'updated' THEN 'Updated' ELSE 'Lost' END AS state,
  CASE e.direction WHEN 'in' THEN 'In' WHEN 'out' THEN 'Out' ELSE 'Undetermined' END
    AS movement_type,
  (SELECT c.channel_index FROM camera c WHERE c.name = p.camera) AS channel_index,
  (SELECT z.zone_index FROM zone z WHERE z.camera = p.camera AND z.name = e.zone) AS zone_index,
  NULL AS checkpoint,
  e.country,
  e.plate_confidence AS confidence,
  e.plate_raw AS raw_number,
  e.make AS car_brand,
  e.model AS car_model,
  e.color AS car_color,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image) AS platejpg,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[0]') AS plate_left,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[1]') AS plate_top,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[2]') AS plate_width,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[3]') AS plate_height,
  NULL AS process_ms,
  (SELECT l.node FROM log l) AS node
FROM passage p
JOIN event e ON e.seq = p.last_seq;

CREATE VIEW anpr_list_hit AS
SELECT
  p.id || '/' || h.list AS hit_id,
  p.number AS passage_number,
  p.id AS passage,
  h.list,
  h.kind,
  h.mode,
  h.entry,
  p.plate,
  p.camera,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen_ms / 1000.0, 'unixepoch') AS first_seen_at,
  p.first_seen_ms,
  (SELECT l.node FROM log l) AS node,
  h.seq AS change_seq
FROM list_hit h
JOIN event e ON e.seq = h.seq
JOIN passage p ON p.number = e.passage_number AND p.last_seq = h.seq;

CREATE VIEW anpr_hourly AS
SELECT
  h.node || '/' || h.camera || '/' || h.hour_ms AS hour_id,
  h.node || '/' || h.camera AS camera_id,
  h.node,
  h.camera,
  strftime('%Y-%m-%dT%H:%M:%fZ', h.hour_ms / 1000.0, 'unixepoch') AS hour_at,
  h.hour_ms,
  strftime('%Y-%m-%dT%H:%M:%f', (h.hour_ms + 60000 * h.minutes) / 1000.0, 'unixepoch')
    AS hour_local,
  CAST(strftime('%Y%m%d', (h.hour_ms + 60000 * h.minutes) / 1000.0, 'unixepoch') AS INTEGER)
    AS date_key,
  CAST(strftime('%H', (h.hour_ms + 60000 * h.minutes) / 1000.0, 'unixepoch') AS INTEGER)
    AS hour,
  count(*) AS passages,
  sum(h.direction = 'in') AS passages_in,
  sum(h.direction = 'out') AS passages_out,
  sum(h.direction = 'unknown') AS passages_unknown,
  count(DISTINCT h.plate) AS plates,
  avg(h.plate_confidence) AS plate_confidence,
  avg(h.dwell_ms) / 1000.0 AS dwell_seconds,
  max(h.last_seq) AS change_seq
FROM (
  SELECT
    m.node, m.camera, m.minutes, m.direction, m.plate, m.plate_confidence, m.dwell_ms, m.last_seq,
    (m.first_seen_ms + 60000 * m.minutes) / 3600000 * 3600000 - 60000 * m.minutes AS hour_ms
  FROM (
    SELECT
      (SELECT l.node FROM log l) AS node, p.camera, p.plate, p.last_seq, p.first_seen_ms,
      e.direction, e.plate_confidence,
      e.last_seen_ms - p.first_seen_ms AS dwell_ms,
      (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1) AS minutes
    FROM passage p
    JOIN event e ON e.seq = p.last_seq AND e.passage_number = p.number
    WHERE NOT e.test
  ) m
) h
GROUP BY h.node, h.camera, h.hour_ms, h.minutes;

CREATE VIEW anpr_calendar AS
WITH RECURSIVE day(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM day WHERE n < 10957),
dated AS (SELECT date('2020-01-01', '+' || n || ' days') AS date FROM day),
spelled AS (
  SELECT
    date,
    CAST(strftime('%Y', date) AS INTEGER) AS year,
    CAST(strftime('%m', date) AS INTEGER) AS month,
    CAST(strftime('%d', date) AS INTEGER) AS day,
    CAST(strftime('%j', date) AS INTEGER) AS day_of_year,
    (CAST(strftime('%w', date) AS INTEGER) + 6) % 7 + 1 AS weekday,
    -- The Thursday of a week says which year the week is of (ISO 8601).
    date(date, '-3 days', 'weekday 4') AS thursday
  FROM dated
)
SELECT
  year * 10000 + month * 100 + day AS date_key,
  date,
  year,
  (month + 2) / 3 AS quarter,
  month,
  CASE month
    WHEN 1 THEN 'January' WHEN 2 THEN 'February' WHEN 3 THEN 'March' WHEN 4 THEN 'April'
    WHEN 5 THEN 'May' WHEN 6 THEN 'June' WHEN 7 THEN 'July' WHEN 8 THEN 'August'
    WHEN 9 THEN 'September' WHEN 10 THEN 'October' WHEN 11 THEN 'November' ELSE 'December'
  END AS month_name,
  substr(date, 1, 7) AS year_month,
  CAST(strftime('%Y', thursday) AS INTEGER) AS iso_year,
  (CAST(strftime('%j', thursday) AS INTEGER) - 1) / 7 + 1 AS iso_week,
  day,
  day_of_year,
  weekday,
  CASE weekday
    WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday'
    WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' ELSE 'Sunday'
  END AS weekday_name,
  weekday >= 6 AS weekend
FROM spelled;

CREATE VIEW anpr_removal AS
SELECT
  r.id AS removal_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', r.at_ms / 1000.0, 'unixepoch') AS removed_at,
  r.at_ms AS removed_ms,
  r.what,
  r.why,
  r.first_seq,
  r.last_seq,
  r.count,
  r.bytes,
  r.passage,
  (SELECT l.node FROM log l) AS node
FROM removal r;
