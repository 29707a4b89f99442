-- Who writes here is known by an id that was made once with its log; its name is only shown. `event`
-- and the other tables go on to name their node by `key`, which never changes once it is given: the
-- name that the node had first, or, where another has that already, the name and a part of the id.

ALTER TABLE node RENAME COLUMN name TO key;
ALTER TABLE node ADD COLUMN id text COLLATE "C" UNIQUE;   -- UUID; NULL until its writer shows itself
ALTER TABLE node ADD COLUMN name text COLLATE "C";
UPDATE node SET name = key;
ALTER TABLE node ALTER COLUMN name SET NOT NULL;

-- How far each transfer of a node has come, written with the events themselves: a server that lost
-- events has lost the same of this. Transfer '' stands for all that wrote before there were marks.
CREATE TABLE mark (
  node text COLLATE "C" NOT NULL,
  transfer text COLLATE "C" NOT NULL,
  node_seq bigint NOT NULL,                  -- 0: nothing yet
  event_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (node, transfer)
);

-- Version 3 of the contract: `node` is the name as it is now, `node_id` at the end tells apart who
-- has the same; `camera_id` and `hour_id` begin with the key, so they stay as they are, and unique.

CREATE OR REPLACE VIEW anpr_contract AS
SELECT
  3 AS contract_version,
  'platewire'::text AS product,
  coalesce((SELECT min(e.seq) FROM event e), l.last_seq + 1) AS first_seq,
  l.last_seq
FROM log l;

CREATE OR REPLACE VIEW anpr_event AS
SELECT
  seq,
  event.id,
  kind,
  passage,
  passage_number,
  revision,
  to_timestamp(occurred_ms::double precision / 1000) AS occurred_at,
  to_timestamp(first_seen_ms::double precision / 1000) AS first_seen_at,
  to_timestamp(last_seen_ms::double precision / 1000) AS last_seen_at,
  to_timestamp(recorded_ms::double precision / 1000) AS recorded_at,
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
  body,
  coalesce(n.name, node) AS node,
  node_seq,
  seq AS change_seq,
  node || '/' || camera AS camera_id,
  to_timestamp(occurred_ms::double precision / 1000) AT TIME ZONE 'UTC'
    + interval '1 minute' * coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = event.node AND t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1), 0)
    AS occurred_local,
  coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = event.node AND t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1), 0)
    AS utc_offset_minutes,
  to_char(
    to_timestamp(occurred_ms::double precision / 1000) AT TIME ZONE 'UTC'
    + interval '1 minute' * coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = event.node AND t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1), 0),
    'YYYYMMDD')::integer
    AS date_key,
  (SELECT string_agg(h.list, ', ' ORDER BY h.list) FROM list_hit h
    WHERE h.seq = event.seq AND h.recorded_ms = event.recorded_ms) AS lists,
  n.id AS node_id
FROM event
LEFT JOIN node n ON n.key = event.node;

CREATE OR REPLACE VIEW anpr_passage AS
SELECT
  p.number AS passage_number,
  p.id AS passage,
  CASE WHEN p.open THEN 'open' ELSE 'closed' END AS state,
  e.kind,
  e.revision,
  to_timestamp(p.first_seen_ms::double precision / 1000) AS first_seen_at,
  to_timestamp(e.last_seen_ms::double precision / 1000) AS last_seen_at,
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
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image ORDER BY i.month_ms DESC LIMIT 1)
    AS plate_jpeg,
  coalesce(n.name, p.node) AS node,
  p.last_seq AS change_seq,
  p.node || '/' || p.camera AS camera_id,
  to_timestamp(p.first_seen_ms::double precision / 1000) AT TIME ZONE 'UTC'
    + interval '1 minute' * coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = p.node AND t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1), 0)
    AS first_seen_local,
  to_timestamp(e.last_seen_ms::double precision / 1000) AT TIME ZONE 'UTC'
    + interval '1 minute' * coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = p.node AND t.from_ms <= e.last_seen_ms ORDER BY t.from_ms DESC LIMIT 1), 0)
    AS last_seen_local,
  coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = p.node AND t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1), 0)
    AS utc_offset_minutes,
  to_char(
    to_timestamp(p.first_seen_ms::double precision / 1000) AT TIME ZONE 'UTC'
    + interval '1 minute' * coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = p.node AND t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1), 0),
    'YYYYMMDD')::integer
    AS date_key,
  (e.last_seen_ms - p.first_seen_ms) / 1000.0::double precision AS dwell_seconds,
  (SELECT string_agg(h.list, ', ' ORDER BY h.list) FROM list_hit h
    WHERE h.seq = e.seq AND h.recorded_ms = e.recorded_ms) AS lists,
  (SELECT i.path FROM image i WHERE i.sha256 = e.plate_image ORDER BY i.month_ms DESC LIMIT 1)
    AS plate_link,
  (SELECT i.path FROM image i WHERE i.sha256 = e.vehicle_image ORDER BY i.month_ms DESC LIMIT 1)
    AS vehicle_link,
  (SELECT i.path FROM image i WHERE i.sha256 = e.frame_image ORDER BY i.month_ms DESC LIMIT 1)
    AS frame_link,
  n.id AS node_id
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms
LEFT JOIN node n ON n.key = p.node;

CREATE OR REPLACE VIEW anpr_camera AS
SELECT
  c.name AS camera,
  c.channel_index,
  (SELECT count(*) FROM passage p WHERE p.camera = c.name AND p.node = c.node) AS passages,
  c.last_seq,
  to_timestamp(c.last_seen_ms::double precision / 1000) AS last_seen_at,
  coalesce((SELECT n.name FROM node n WHERE n.key = c.node), c.node) AS node,
  c.node || '/' || c.name AS camera_id,
  (SELECT n.id FROM node n WHERE n.key = c.node) AS node_id
FROM camera c;

CREATE OR REPLACE VIEW lprevents AS
SELECT
  p.first_seen_ms AS timestamp_,
  p.plate AS number,
  e.type AS car_type,
  (SELECT i.path FROM image i WHERE i.sha256 = coalesce(e.frame_image, e.vehicle_image)
    ORDER BY i.month_ms DESC LIMIT 1) AS framejpg,
  p.last_seq AS id,
  n.system_id,
  p.number AS runtime_id,
  CASE e.kind WHEN 'new' THEN 'Detected' WHEN 'updated' THEN 'Updated' ELSE 'Lost' END AS state,
  CASE e.direction WHEN 'in' THEN 'In' WHEN 'out' THEN 'Out' ELSE 'Undetermined' END
    AS movement_type,
  (SELECT c.channel_index FROM camera c WHERE c.node = p.node AND c.name = p.camera)
    AS channel_index,
  (SELECT z.zone_index FROM zone z
    WHERE z.node = p.node AND z.camera = p.camera AND z.name = e.zone) AS zone_index,
  NULL::integer AS checkpoint,
  e.country,
  e.plate_confidence AS confidence,
  e.plate_raw AS raw_number,
  e.make AS car_brand,
  e.model AS car_model,
  e.color AS car_color,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image ORDER BY i.month_ms DESC LIMIT 1)
    AS platejpg,
  e.plate_left,
  e.plate_top,
  e.plate_width,
  e.plate_height,
  NULL::integer AS process_ms,
  coalesce(n.name, p.node) AS node,
  n.id AS node_id
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms
LEFT JOIN node n ON n.key = p.node;

CREATE OR REPLACE VIEW anpr_list_hit AS
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
  to_timestamp(p.first_seen_ms::double precision / 1000) AS first_seen_at,
  p.first_seen_ms,
  coalesce(n.name, p.node) AS node,
  h.seq AS change_seq,
  n.id AS node_id,
  p.node || '/' || p.camera AS camera_id
FROM list_hit h
JOIN passage p ON p.last_seq = h.seq
LEFT JOIN node n ON n.key = p.node;

CREATE OR REPLACE VIEW anpr_hourly AS
SELECT
  h.node || '/' || h.camera || '/' || h.hour_ms::text AS hour_id,
  h.node || '/' || h.camera AS camera_id,
  coalesce(n.name, h.node) AS node,
  h.camera,
  to_timestamp(h.hour_ms::double precision / 1000) AS hour_at,
  h.hour_ms,
  to_timestamp((h.hour_ms + 60000 * h.minutes)::double precision / 1000) AT TIME ZONE 'UTC'
    AS hour_local,
  to_char(
    to_timestamp((h.hour_ms + 60000 * h.minutes)::double precision / 1000) AT TIME ZONE 'UTC',
    'YYYYMMDD')::integer
    AS date_key,
  extract(hour FROM
    to_timestamp((h.hour_ms + 60000 * h.minutes)::double precision / 1000) AT TIME ZONE 'UTC'
  )::integer
    AS hour,
  count(*) AS passages,
  count(*) FILTER (WHERE h.direction = 'in') AS passages_in,
  count(*) FILTER (WHERE h.direction = 'out') AS passages_out,
  count(*) FILTER (WHERE h.direction = 'unknown') AS passages_unknown,
  count(DISTINCT h.plate) AS plates,
  avg(h.plate_confidence) AS plate_confidence,
  avg(h.dwell_ms) / 1000.0::double precision AS dwell_seconds,
  max(h.last_seq) AS change_seq,
  n.id AS node_id
FROM (
  SELECT
    m.node, m.camera, m.minutes, m.direction, m.plate, m.plate_confidence, m.dwell_ms, m.last_seq,
    (m.first_seen_ms + 60000 * m.minutes) / 3600000 * 3600000 - 60000 * m.minutes AS hour_ms
  FROM (
    SELECT
      p.node AS node, p.camera, p.plate, p.last_seq, p.first_seen_ms,
      e.direction, e.plate_confidence,
      (e.last_seen_ms - p.first_seen_ms)::double precision AS dwell_ms,
      coalesce((SELECT t.minutes FROM local_time t
    WHERE t.node = p.node AND t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1), 0) AS minutes
    FROM passage p
    JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms
    WHERE NOT e.test
  ) m
) h
LEFT JOIN node n ON n.key = h.node
GROUP BY h.node, n.name, n.id, h.camera, h.hour_ms, h.minutes;

CREATE OR REPLACE VIEW anpr_removal AS
SELECT
  r.id AS removal_id,
  to_timestamp(r.at_ms::double precision / 1000) AS removed_at,
  r.at_ms AS removed_ms,
  r.what,
  r.why,
  r.first_seq,
  r.last_seq,
  r.count,
  r.bytes,
  r.passage,
  coalesce(n.name, r.node) AS node,
  n.id AS node_id
FROM removal r
LEFT JOIN node n ON n.key = r.node;
