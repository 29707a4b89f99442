-- Whether only a part of the plate was seen. Contract 5 is contract 3 with `partial` at the end of
-- anpr_event and anpr_passage; 4 is that of SQLite. Quotes within texts of a body are escaped, so
-- that only the field itself reads like this. Older bodies have no such field.

CREATE OR REPLACE VIEW anpr_contract AS
SELECT
  5 AS contract_version,
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
  n.id AS node_id,
  body LIKE '%"partial":true%' AS partial
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
  n.id AS node_id,
  e.body LIKE '%"partial":true%' AS partial
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms
LEFT JOIN node n ON n.key = p.node;
