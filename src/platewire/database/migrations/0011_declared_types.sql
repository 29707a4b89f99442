-- Every column of the views has a declared type, by which drivers know what to give: an expression
-- has none, so ODBC gave text for numbers and DuckDB bytes for text. No row is written anew and
-- nothing is counted at append, so this takes no longer for many events; see the decision
-- database-declared-types.md. Columns, their order and their values stay: it is contract 2 still.

-- What may be beyond 32 bits is declared so: some drivers cut INTEGER. Nothing in the file but these
-- words depends on them, as both have the same affinity (https://sqlite.org/lang_altertable.html).
-- A rowid (`event.seq`, `passage.first_seq`) must be INTEGER.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(replace(replace(replace(sql,
    'passage_number INTEGER', 'passage_number BIGINT'),
    '_ms INTEGER', '_ms BIGINT'),
    ' number INTEGER', ' number BIGINT'),
    'last_seq INTEGER', 'last_seq BIGINT')
  WHERE type = 'table' AND name IN ('event', 'passage');
UPDATE sqlite_master SET sql = replace(replace(replace(replace(sql,
    'first_seq INTEGER', 'first_seq BIGINT'),
    'last_seq INTEGER', 'last_seq BIGINT'),
    'last_passage_number INTEGER', 'last_passage_number BIGINT'),
    'system_id INTEGER', 'system_id BIGINT')
  WHERE type = 'table' AND name = 'log';
UPDATE sqlite_master SET sql = replace(replace(replace(replace(replace(replace(sql,
    'at_ms INTEGER', 'at_ms BIGINT'),
    'first_seq INTEGER', 'first_seq BIGINT'),
    'last_seq INTEGER', 'last_seq BIGINT'),
    'count INTEGER', 'count BIGINT'),
    'bytes INTEGER', 'bytes BIGINT'),
    '  seq INTEGER', '  seq BIGINT')
  WHERE type = 'table' AND name IN ('removal', 'list_hit');
PRAGMA writable_schema = RESET;

ALTER TABLE camera ADD COLUMN checkpoint INTEGER NOT NULL DEFAULT 0;

-- Never has a row. The declared type of a scalar subquery is that of its last part, its value that of
-- its first row: `(VALUES (expression), ((SELECT whole FROM typed)))` is the expression as an integer.
-- DuckDB attaches a file by reading the text of each view: what it does not understand it writes anew
-- and lets SQLite work it out, so each view must stay whole by that. VALUES does; parts joined by UNION
-- get parentheses that SQLite refuses, `count(*)` becomes a function of DuckDB's, and `date(a, b)` is
-- an error. What it does understand (anpr_contract, anpr_image) it works out itself, where a subquery
-- may have one row only: there the last part is `UNION ALL SELECT whole FROM typed WHERE 0`.
CREATE TABLE typed (
  whole INTEGER,
  large BIGINT,
  fraction REAL,
  words TEXT
);

DROP VIEW anpr_contract;
CREATE VIEW anpr_contract AS
SELECT
  (SELECT 2 UNION ALL SELECT whole FROM typed WHERE 0) AS contract_version,
  (SELECT 'platewire' UNION ALL SELECT words FROM typed WHERE 0) AS product,
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
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', occurred_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS occurred_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS last_seen_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', recorded_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS recorded_at,
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
  (VALUES (CAST(body AS TEXT)), ((SELECT words FROM typed))) AS body,
  (SELECT l.node FROM log l) AS node,
  seq AS node_seq,
  seq AS change_seq,
  (VALUES ((SELECT l.node FROM log l) || '/' || camera), ((SELECT words FROM typed))) AS camera_id,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (occurred_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch')),
    ((SELECT words FROM typed))) AS occurred_local,
  (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)
    AS utc_offset_minutes,
  (VALUES (CAST(strftime('%Y%m%d', (occurred_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS INTEGER)),
    ((SELECT whole FROM typed))) AS date_key,
  (VALUES ((SELECT group_concat(list, ', ')
    FROM (SELECT list FROM list_hit WHERE seq = event.seq ORDER BY list) hits)),
    ((SELECT words FROM typed))) AS lists
FROM event;

DROP VIEW anpr_passage;
CREATE VIEW anpr_passage AS
SELECT
  p.number AS passage_number,
  p.id AS passage,
  (VALUES (CASE p.open WHEN 1 THEN 'open' ELSE 'closed' END), ((SELECT words FROM typed))) AS state,
  e.kind,
  e.revision,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS last_seen_at,
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
  (VALUES ((SELECT l.node FROM log l) || '/' || p.camera),
    ((SELECT words FROM typed))) AS camera_id,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (p.first_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_local,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (e.last_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= e.last_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch')),
    ((SELECT words FROM typed))) AS last_seen_local,
  (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)
    AS utc_offset_minutes,
  (VALUES (CAST(strftime('%Y%m%d', (p.first_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS INTEGER)),
    ((SELECT whole FROM typed))) AS date_key,
  (VALUES ((e.last_seen_ms - p.first_seen_ms) / 1000.0),
    ((SELECT fraction FROM typed))) AS dwell_seconds,
  (VALUES ((SELECT group_concat(list, ', ')
    FROM (SELECT list FROM list_hit WHERE seq = e.seq ORDER BY list) hits)),
    ((SELECT words FROM typed))) AS lists,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.images.plate.url')),
    ((SELECT words FROM typed))) AS plate_link,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.images.vehicle.url')),
    ((SELECT words FROM typed))) AS vehicle_link,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.images.frame.url')),
    ((SELECT words FROM typed))) AS frame_link
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.passage_number = p.number;

DROP VIEW anpr_camera;
CREATE VIEW anpr_camera AS
SELECT
  c.name AS camera,
  c.channel_index,
  (VALUES ((SELECT count(p.first_seq) FROM passage p WHERE p.camera = c.name)),
    ((SELECT whole FROM typed))) AS passages,
  (VALUES ((SELECT max(e.seq) FROM event e WHERE e.camera = c.name)),
    ((SELECT large FROM typed))) AS last_seq,
  (VALUES ((SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch') FROM event e
    WHERE e.camera = c.name ORDER BY e.seq DESC LIMIT 1)),
    ((SELECT words FROM typed))) AS last_seen_at,
  (SELECT l.node FROM log l) AS node,
  (VALUES ((SELECT l.node FROM log l) || '/' || c.name), ((SELECT words FROM typed))) AS camera_id
FROM camera c;

DROP VIEW anpr_image;
CREATE VIEW anpr_image AS
SELECT
  i.sha256,
  i.width,
  i.height,
  i.bytes,
  i.jpeg,
  (SELECT l.folder || '/' || i.path UNION ALL SELECT words FROM typed WHERE 0) AS path
FROM image i, log l;

DROP VIEW lprevents;
CREATE VIEW lprevents AS
SELECT
  p.first_seen_ms AS timestamp_,
  p.plate AS number,
  e.type AS car_type,
  (VALUES ((SELECT l.folder FROM log l) || '/' || coalesce(
    (SELECT i.path FROM image i WHERE i.sha256 = e.frame_image),
    (SELECT i.path FROM image i WHERE i.sha256 = e.vehicle_image)
  )),
    ((SELECT words FROM typed))) AS framejpg,
  p.last_seq AS id,
  (SELECT system_id FROM log) AS system_id,
  p.number AS runtime_id,
  (VALUES (CASE e.kind WHEN 'new' THEN 'Detected' WHEN 'updated' THEN 'Updated' ELSE 'Lost' END),
    ((SELECT words FROM typed))) AS state,
  (VALUES (CASE e.direction WHEN 'in' THEN 'In' WHEN 'out' THEN 'Out' ELSE 'Undetermined' END),
    ((SELECT words FROM typed))) AS movement_type,
  (SELECT c.channel_index FROM camera c WHERE c.name = p.camera) AS channel_index,
  -- 0 where there is no zone; NULL where the configuration no longer knows it.
  -- `unlikely` is no matter; DuckDB, which does not know it, lets SQLite work out the view: its own
  -- functions for JSON cannot read a body.
  (VALUES (CASE WHEN unlikely(e.zone IS NULL) THEN 0 ELSE
      (SELECT z.zone_index FROM zone z WHERE z.camera = p.camera AND z.name = e.zone) END),
    ((SELECT whole FROM typed))) AS zone_index,
  (SELECT c.checkpoint FROM camera c WHERE c.name = p.camera) AS checkpoint,
  e.country,
  e.plate_confidence AS confidence,
  e.plate_raw AS raw_number,
  e.make AS car_brand,
  e.model AS car_model,
  e.color AS car_color,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image) AS platejpg,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.plate.box[0]')),
    ((SELECT fraction FROM typed))) AS plate_left,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.plate.box[1]')),
    ((SELECT fraction FROM typed))) AS plate_top,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.plate.box[2]')),
    ((SELECT fraction FROM typed))) AS plate_width,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.plate.box[3]')),
    ((SELECT fraction FROM typed))) AS plate_height,
  -- From frame to log; 0 where that says nothing, as of a recording. As ProcessTimeMs over TCP.
  (VALUES (CASE WHEN e.recorded_ms - e.occurred_ms BETWEEN 0 AND 59999
    THEN e.recorded_ms - e.occurred_ms ELSE 0 END),
    ((SELECT whole FROM typed))) AS process_ms,
  (SELECT l.node FROM log l) AS node
FROM passage p
JOIN event e ON e.seq = p.last_seq;

DROP VIEW anpr_list_hit;
CREATE VIEW anpr_list_hit AS
SELECT
  (VALUES (p.id || '/' || h.list), ((SELECT words FROM typed))) AS hit_id,
  p.number AS passage_number,
  p.id AS passage,
  h.list,
  h.kind,
  h.mode,
  h.entry,
  p.plate,
  p.camera,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_at,
  p.first_seen_ms,
  (SELECT l.node FROM log l) AS node,
  h.seq AS change_seq
FROM list_hit h
JOIN event e ON e.seq = h.seq
JOIN passage p ON p.number = e.passage_number AND p.last_seq = h.seq;

DROP VIEW anpr_calendar;
CREATE VIEW anpr_calendar AS
WITH digit(n) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)),
day(n) AS (
  SELECT 10000 * e.n + 1000 * d.n + 100 * c.n + 10 * b.n + a.n
  FROM digit e CROSS JOIN digit d CROSS JOIN digit c CROSS JOIN digit b CROSS JOIN digit a
  WHERE e.n < 2
),
-- The limit has each date worked out once, not once for each column.
dated AS (
  SELECT strftime('%Y-%m-%d', '2020-01-01', '+' || n || ' days') AS date
  FROM day WHERE n < 10958 LIMIT 10958
),
spelled AS (
  SELECT
    date,
    CAST(strftime('%Y', date) AS INTEGER) AS year,
    CAST(strftime('%m', date) AS INTEGER) AS month,
    CAST(strftime('%d', date) AS INTEGER) AS day,
    CAST(strftime('%j', date) AS INTEGER) AS day_of_year,
    (CAST(strftime('%w', date) AS INTEGER) + 6) % 7 + 1 AS weekday,
    -- The Thursday of a week says which year the week is of (ISO 8601).
    strftime('%Y-%m-%d', date, '-3 days', 'weekday 4') AS thursday
  FROM dated
)
-- DISTINCT, so that it is worked out once and then indexed by SQLite where it is joined; else each
-- passage would be compared with all days.
SELECT DISTINCT
  (VALUES (year * 10000 + month * 100 + day), ((SELECT whole FROM typed))) AS date_key,
  (VALUES (date), ((SELECT words FROM typed))) AS date,
  (VALUES (year), ((SELECT whole FROM typed))) AS year,
  (VALUES ((month + 2) / 3), ((SELECT whole FROM typed))) AS quarter,
  (VALUES (month), ((SELECT whole FROM typed))) AS month,
  (VALUES (CASE month
    WHEN 1 THEN 'January' WHEN 2 THEN 'February' WHEN 3 THEN 'March' WHEN 4 THEN 'April'
    WHEN 5 THEN 'May' WHEN 6 THEN 'June' WHEN 7 THEN 'July' WHEN 8 THEN 'August'
    WHEN 9 THEN 'September' WHEN 10 THEN 'October' WHEN 11 THEN 'November' ELSE 'December'
  END),
    ((SELECT words FROM typed))) AS month_name,
  (VALUES (substr(date, 1, 7)), ((SELECT words FROM typed))) AS year_month,
  (VALUES (CAST(strftime('%Y', thursday) AS INTEGER)), ((SELECT whole FROM typed))) AS iso_year,
  (VALUES ((CAST(strftime('%j', thursday) AS INTEGER) - 1) / 7 + 1),
    ((SELECT whole FROM typed))) AS iso_week,
  (VALUES (day), ((SELECT whole FROM typed))) AS day,
  (VALUES (day_of_year), ((SELECT whole FROM typed))) AS day_of_year,
  (VALUES (weekday), ((SELECT whole FROM typed))) AS weekday,
  (VALUES (CASE weekday
    WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday'
    WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' ELSE 'Sunday'
  END),
    ((SELECT words FROM typed))) AS weekday_name,
  (VALUES (weekday >= 6), ((SELECT whole FROM typed))) AS weekend
FROM spelled;

DROP VIEW anpr_removal;
CREATE VIEW anpr_removal AS
SELECT
  r.id AS removal_id,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', r.at_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS removed_at,
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

DROP VIEW anpr_hourly;
CREATE VIEW anpr_hourly AS
SELECT
  g.hour_id,
  g.camera_id,
  g.node,
  g.camera,
  g.hour_at,
  g.hour_ms,
  g.hour_local,
  g.date_key,
  g.hour,
  (VALUES (g.passages), ((SELECT whole FROM typed))) AS passages,
  (VALUES (g.passages_in), ((SELECT whole FROM typed))) AS passages_in,
  (VALUES (g.passages_out), ((SELECT whole FROM typed))) AS passages_out,
  (VALUES (g.passages_unknown), ((SELECT whole FROM typed))) AS passages_unknown,
  (VALUES (g.plates), ((SELECT whole FROM typed))) AS plates,
  (VALUES (g.plate_confidence), ((SELECT fraction FROM typed))) AS plate_confidence,
  (VALUES (g.dwell_ms / 1000.0), ((SELECT fraction FROM typed))) AS dwell_seconds,
  (VALUES (g.change_seq), ((SELECT large FROM typed))) AS change_seq
FROM (
  -- What is not counted is given its type in here, so that a condition on it is asked in here too.
  SELECT
    (VALUES (h.node || '/' || h.camera || '/' || h.hour_ms),
      ((SELECT words FROM typed))) AS hour_id,
    (VALUES (h.node || '/' || h.camera), ((SELECT words FROM typed))) AS camera_id,
    h.node,
    h.camera,
    (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', h.hour_ms / 1000.0, 'unixepoch')),
      ((SELECT words FROM typed))) AS hour_at,
    (VALUES (h.hour_ms), ((SELECT large FROM typed))) AS hour_ms,
    (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (h.hour_ms + 60000 * h.minutes) / 1000.0, 'unixepoch')),
      ((SELECT words FROM typed))) AS hour_local,
    (VALUES (CAST(strftime('%Y%m%d', (h.hour_ms + 60000 * h.minutes) / 1000.0, 'unixepoch')
      AS INTEGER)),
      ((SELECT whole FROM typed))) AS date_key,
    (VALUES (CAST(strftime('%H', (h.hour_ms + 60000 * h.minutes) / 1000.0, 'unixepoch')
      AS INTEGER)),
      ((SELECT whole FROM typed))) AS hour,
    count(h.last_seq) AS passages,
    sum(h.direction = 'in') AS passages_in,
    sum(h.direction = 'out') AS passages_out,
    sum(h.direction = 'unknown') AS passages_unknown,
    count(DISTINCT h.plate) AS plates,
    avg(h.plate_confidence) AS plate_confidence,
    avg(h.dwell_ms) AS dwell_ms,
    max(h.last_seq) AS change_seq
  FROM (
    SELECT
      m.node, m.camera, m.minutes, m.direction, m.plate, m.plate_confidence, m.dwell_ms,
      m.last_seq,
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
  GROUP BY h.node, h.camera, h.hour_ms, h.minutes
) g;
